/** A table such as services have, captured as Debezium's events. */
export const ordersTable = `
create table orders (
  id bigint primary key,
  customer_id text not null,
  amount numeric(12, 2) not null,
  currency char(3) not null,
  status text not null,
  is_gift boolean not null default false,
  details jsonb,
  placed_at timestamptz not null,
  note text
)`

/** Of Debezium, for the events of that table. */
export const ordersProperties = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
  'table.include.list': 'public.orders',
}

/** As Debezium names it; the driver of ours is given the same one. */
export function ordersTopic(name: string): string {
  return `${name}.public.orders`
}

/** An order of about 250 bytes, by an expression of its number. */
export function orderValues(number: string): string {
  return `${number}, 'customer-' || ${number} % 10000, (${number} % 100000) / 100.0, 'EUR', 'placed', ${number} % 7 = 0,
    jsonb_build_object('channel', 'web', 'items', ${number} % 5 + 1), timestamptz '2026-01-01 10:00:00Z' + ${number} * interval '1 second',
    'leave it at the door, or with the neighbours'`
}
