import { decodedRecords, type KafkaClient } from '@millrace/kafka'
import { workOff } from '../support/backlog.ts'
import { CaptureDatabase } from '../support/capture-database.ts'
import { type CaptureRun, captureBench } from '../support/capture-run.ts'
import { Digest } from '../support/digest.ts'
import { javaUnavailable } from '../support/java.ts'
import { ordersProperties, ordersTable, ordersTopic, orderValues } from '../support/orders-table.ts'
import type { Bench, Outcome, Trial, TrialContext } from '../trial.ts'

const fullSize = 300_000
const stallTimeoutMs = 60_000
/** Seven rows come, two change, and one goes, which makes two records. */
const insertsPerTransaction = 7
const eventsPerTransaction = 11

const procedure = `
create procedure fill_orders(first integer, transactions integer) language plpgsql as $$
declare
  at integer;
begin
  for nr in first .. first + transactions - 1 loop
    at := nr * ${insertsPerTransaction};
    insert into orders select ${orderValues('i')} from generate_series(at, at + ${insertsPerTransaction - 1}) as i;
    update orders set status = 'paid', amount = amount + 1 where id in (at, at + 1);
    delete from orders where id = at + 2;
    commit;
  end loop;
end $$`

function open(context: TrialContext): Promise<Bench> {
  const task = { driver: 'capture-tables.ts', topic: ordersTopic, properties: ordersProperties }
  return captureBench(task, context, (run) => measured(run, context))
}

async function measured(run: CaptureRun, context: TrialContext): Promise<Outcome> {
  const { client, topic, url, name, slot, start } = run
  const transactions = Math.ceil((fullSize * context.scale) / eventsPerTransaction)
  const events = transactions * eventsPerTransaction
  const publication = `create publication ${name} for table orders`
  await using database = await CaptureDatabase.create(url, [ordersTable, procedure, publication])
  const metrics = await workOff(
    {
      client,
      topic,
      events,
      start,
      slot: () => database.slot(slot),
      begin: () => database.execute('call fill_orders(1, 1)'),
      fill: () => database.execute(`call fill_orders(2, ${transactions})`),
    },
    context,
  )
  return { metrics, result: await everyEvent(client, topic, events + eventsPerTransaction) }
}

/** Waits for all events, and digests their keys, operations, and rows before and after. */
async function everyEvent(client: KafkaClient, topic: string, events: number): Promise<string> {
  await using consumer = client.consumer()
  consumer.assign([{ topic, partition: 0 }])
  const digest = new Digest()
  const deadlineMs = performance.now() + stallTimeoutMs
  for (let seen = 0; seen < events && performance.now() < deadlineMs; ) {
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { key, value } of decodedRecords(fetched)) {
        const { op, before, after } = value === null ? {} : JSON.parse(value.toString())
        digest.add(JSON.stringify([key?.toString(), op, before, after]))
        seen++
      }
    }
  }
  return `events: ${digest}`
}

export const captureTables: Trial = {
  name: 'capture-tables',
  summary: 'a backlog of inserts, updates and deletes of a table, ten a transaction, as Debezium events in JSON',
  peers: ['Debezium 3.6'],
  goal: 'three times as many events per CPU second and more per second, first event after 1.5 s, a sixth of the memory',
  unavailable: javaUnavailable,
  open,
}
