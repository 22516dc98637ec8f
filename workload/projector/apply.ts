/**
 * The reference implementation of the projection contract (docs/projection.md): what this application's events do to
 * its tables, as set operations over all records of a transaction.
 *
 * The result does not depend on where the log is cut into transactions: an order takes its place from its own record,
 * a trade its index from its event, and quantities only add up.
 */

/** The fields of an event that its rows are made of; replay stages an event a row. Never holds a row itself. */
const EVENT = `
CREATE TABLE IF NOT EXISTS projection_event (
  type text,
  client text,
  "clientOrderId" text,
  instrument text,
  side text,
  price integer,
  quantity integer,
  "buyClient" text,
  "buyOrderId" text,
  "sellClient" text,
  "sellOrderId" text
);`;

export const FUNCTIONS = `${EVENT}
CREATE OR REPLACE FUNCTION projection_apply(of_shard integer, up_to_seq bigint, events regclass)
RETURNS void LANGUAGE plpgsql SET random_page_cost = 1.1 SET enable_mergejoin = off AS $apply$
DECLARE
  changed bigint;
  found bigint;
BEGIN
  EXECUTE format($sql$
    WITH event AS NOT MATERIALIZED (
      SELECT * FROM %s WHERE seq <= $2
    ), placed AS (
      SELECT client, "clientOrderId" AS client_order_id, instrument, side, price, quantity, epoch, seq
      FROM event WHERE type = 'placed'
    ), trade AS (
      INSERT INTO trades
      SELECT $1, epoch, seq, index, instrument, price, quantity,
        "buyClient", "buyOrderId", "sellClient", "sellOrderId"
      FROM event WHERE type = 'traded'
    ), change AS (
      SELECT client, client_order_id, sum(traded)::integer AS traded, bool_or(cancelled) AS cancelled
      FROM (
        SELECT "buyClient" AS client, "buyOrderId" AS client_order_id, quantity AS traded, false AS cancelled
        FROM event WHERE type = 'traded'
        UNION ALL
        SELECT "sellClient", "sellOrderId", quantity, false FROM event WHERE type = 'traded'
        UNION ALL
        SELECT client, "clientOrderId", 0, true FROM event WHERE type = 'cancelled'
      ) AS parts
      GROUP BY client, client_order_id
    ), folded AS MATERIALIZED (
      SELECT * FROM placed FULL JOIN change USING (client, client_order_id)
    ), fresh AS (
      INSERT INTO orders
      SELECT client, client_order_id, $1, instrument, side, price, quantity, quantity - coalesce(traded, 0),
        CASE WHEN cancelled THEN 'cancelled' WHEN quantity = traded THEN 'filled' ELSE 'open' END,
        epoch, seq
      FROM folded WHERE seq IS NOT NULL
    ), earlier AS (
      SELECT client, client_order_id, traded, cancelled FROM folded WHERE seq IS NULL
    ), updated AS (
      UPDATE orders AS o SET
        remaining = o.remaining - e.traded,
        status = CASE WHEN e.cancelled THEN 'cancelled' WHEN o.remaining = e.traded THEN 'filled' ELSE 'open' END
      FROM earlier AS e
      WHERE o.client = e.client AND o.client_order_id = e.client_order_id AND o.status = 'open'
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM earlier), (SELECT count(*) FROM updated)
  $sql$, events) INTO changed, found USING of_shard, up_to_seq;
  IF changed <> found THEN
    RAISE EXCEPTION 'the log changes % open orders, the table has % of them', changed, found
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$apply$;

CREATE OR REPLACE FUNCTION projection_reset(of_shard integer) RETURNS void LANGUAGE sql AS $reset$
  DELETE FROM trades WHERE shard = of_shard;
  DELETE FROM orders WHERE shard = of_shard;
$reset$;

CREATE OR REPLACE FUNCTION projection_touches(event json) RETURNS text[] LANGUAGE sql IMMUTABLE AS $touches$
  SELECT CASE event ->> 'type'
    WHEN 'traded' THEN ARRAY[
      format('order %s of %s', event ->> 'buyOrderId', event ->> 'buyClient'),
      format('order %s of %s', event ->> 'sellOrderId', event ->> 'sellClient')
    ]
    ELSE ARRAY[format('order %s of %s', event ->> 'clientOrderId', event ->> 'client')]
  END
$touches$;
`;
