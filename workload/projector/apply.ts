/**
 * The reference implementation of the projection contract (docs/projection.md): what this application's events do to
 * its tables, as set operations over all records of a transaction.
 *
 * The result does not depend on where the log is cut into transactions: an order takes its place from its own record,
 * a trade its index from its event, and quantities only add up.
 */

/** `json_to_recordset` reads each object once for all columns; a path expression per column costs several times that. */
const EVENTS = `
SELECT s.epoch, s.seq, e.at - 1 AS index, e.type, e.client, e."clientOrderId" AS client_order_id, e.instrument, e.side,
  e.price, e.quantity, e."buyClient" AS buy_client, e."buyOrderId" AS buy_order_id,
  e."sellClient" AS sell_client, e."sellOrderId" AS sell_order_id
FROM %s AS s
CROSS JOIN LATERAL ROWS FROM (json_to_recordset(s.events) AS (
  type text, client text, "clientOrderId" text, instrument text, side text, price integer, quantity integer,
  "buyClient" text, "buyOrderId" text, "sellClient" text, "sellOrderId" text
)) WITH ORDINALITY AS e (
  type, client, "clientOrderId", instrument, side, price, quantity,
  "buyClient", "buyOrderId", "sellClient", "sellOrderId", at
)
WHERE s.seq <= $2`;

export const FUNCTIONS = `
CREATE OR REPLACE FUNCTION projection_apply(of_shard integer, up_to_seq bigint, events regclass)
RETURNS void LANGUAGE plpgsql AS $apply$
DECLARE
  changed bigint;
  found bigint;
BEGIN
  EXECUTE format($sql$
    WITH event AS MATERIALIZED (
      ${EVENTS}
    ), placed AS (
      SELECT * FROM event WHERE type = 'placed'
    ), trade AS (
      INSERT INTO trades
      SELECT $1, epoch, seq, index, instrument, price, quantity, buy_client, buy_order_id, sell_client, sell_order_id
      FROM event WHERE type = 'traded'
    ), change AS MATERIALIZED (
      SELECT client, client_order_id, sum(traded)::integer AS traded, bool_or(cancelled) AS cancelled
      FROM (
        SELECT buy_client AS client, buy_order_id AS client_order_id, quantity AS traded, false AS cancelled
        FROM event WHERE type = 'traded'
        UNION ALL
        SELECT sell_client, sell_order_id, quantity, false FROM event WHERE type = 'traded'
        UNION ALL
        SELECT client, client_order_id, 0, true FROM event WHERE type = 'cancelled'
      ) AS parts
      GROUP BY client, client_order_id
    ), fresh AS (
      INSERT INTO orders
      SELECT p.client, p.client_order_id, $1, p.instrument, p.side, p.price, p.quantity,
        p.quantity - coalesce(c.traded, 0),
        CASE WHEN c.cancelled THEN 'cancelled' WHEN p.quantity = c.traded THEN 'filled' ELSE 'open' END,
        p.epoch, p.seq
      FROM placed AS p LEFT JOIN change AS c USING (client, client_order_id)
    ), earlier AS MATERIALIZED (
      SELECT c.* FROM change AS c LEFT JOIN placed AS p USING (client, client_order_id) WHERE p.client IS NULL
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
`;
