/**
 * The reference implementation of the projection contract (docs/projection.md), its SQL: changes to orders that are in
 * the table already. Orders and trades of a batch itself are made by `fold.ts`.
 *
 * The result does not depend on where the log is cut into transactions: an order takes its place from its own record,
 * a trade its index from its event, and quantities only add up.
 */

/**
 * What a batch changes of an earlier order; replay stages a row an order. Never holds a row itself, so that it can be
 * made anew: an earlier version's had other columns.
 */
const CHANGE = `
DROP TABLE IF EXISTS projection_event;
CREATE TABLE projection_event (
  client text,
  client_order_id text,
  traded integer,
  cancelled boolean
);`;

export const FUNCTIONS = `${CHANGE}
CREATE OR REPLACE FUNCTION projection_apply(of_shard integer, up_to_seq bigint, events regclass)
RETURNS void LANGUAGE plpgsql SET random_page_cost = 1.1 SET enable_mergejoin = off AS $apply$
DECLARE
  changed bigint;
  found bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', events) INTO changed;
  EXECUTE format($sql$
    UPDATE orders AS o SET
      remaining = o.remaining - e.traded,
      status = CASE WHEN e.cancelled THEN 'cancelled' WHEN o.remaining = e.traded THEN 'filled' ELSE 'open' END
    FROM %s AS e
    WHERE o.client = e.client AND o.client_order_id = e.client_order_id AND o.status = 'open'
  $sql$, events);
  GET DIAGNOSTICS found = ROW_COUNT;
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
