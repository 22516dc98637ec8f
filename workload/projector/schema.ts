/** The projection's tables and roles. The functions that fill them are in `apply.ts`. */
import { FUNCTIONS } from "./apply.ts";

/** May read the projection, with an IAM token where RDS offers them. */
export const READER_ROLE = "projection_reader";

/** Safe to repeat; on the writer only, under `PROJECTION_LOCK`. */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS orders (
  client text NOT NULL,
  client_order_id text NOT NULL,
  shard integer NOT NULL,
  instrument text NOT NULL,
  side text NOT NULL,
  price integer NOT NULL,
  quantity integer NOT NULL,
  remaining integer NOT NULL CHECK (remaining >= 0),
  status text NOT NULL CHECK (status IN ('open', 'filled', 'cancelled')),
  epoch integer NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (client, client_order_id)
)
-- Most orders change after they are placed: with room on the page that touches no index.
WITH (fillfactor = 80);
CREATE TABLE IF NOT EXISTS trades (
  shard integer NOT NULL,
  epoch integer NOT NULL,
  seq bigint NOT NULL,
  index integer NOT NULL,
  instrument text NOT NULL,
  price integer NOT NULL,
  quantity integer NOT NULL,
  buy_client text NOT NULL,
  buy_order_id text NOT NULL,
  sell_client text NOT NULL,
  sell_order_id text NOT NULL,
  PRIMARY KEY (shard, epoch, seq, index)
);
${FUNCTIONS}
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${READER_ROLE}') THEN
    GRANT SELECT ON orders, trades, watermark TO ${READER_ROLE};
  END IF;
END
$$;
`;

/**
 * What only the database's owner can do, once: the roles that everything later signs in as, with IAM tokens where
 * RDS offers them. The projector owns the tables; it cannot make roles.
 */
export const rolesOf = (projector: string, database: string): string => `
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['${projector}', '${READER_ROLE}'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', name);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
      EXECUTE format('GRANT rds_iam TO %I', name);
    END IF;
  END LOOP;
END
$$;
GRANT CONNECT, TEMPORARY ON DATABASE "${database}" TO "${projector}";
GRANT USAGE, CREATE ON SCHEMA public TO "${projector}";
`;
