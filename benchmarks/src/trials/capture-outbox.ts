import { decodedRecords, type KafkaClient } from '@millrace/kafka'
import { outboxMigration } from '@millrace/outbox'
import { workOff } from '../support/backlog.ts'
import { CaptureDatabase } from '../support/capture-database.ts'
import { type CaptureRun, captureBench } from '../support/capture-run.ts'
import { Digest } from '../support/digest.ts'
import { javaUnavailable } from '../support/java.ts'
import type { Bench, Outcome, Trial, TrialContext } from '../trial.ts'

const fullSize = 500_000
const stallTimeoutMs = 60_000
/** Rows of the business transactions that the load consists of. */
const rowsPerTransaction = 10

/** Rows with known ids, 10,000 aggregates, and JSON of about 150 bytes; committed ten at a time. */
const procedure = `
create procedure fill_outbox(topic text, first integer, rows integer) language plpgsql as $$
begin
  for at in first .. first + rows - 1 by ${rowsPerTransaction} loop
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    select md5(i::text)::uuid, topic, 'customer-' || i % 10000, 'OrderPlaced', convert_to(
      '{"orderId":"order-' || i || '","customerId":"customer-' || i % 10000 || '","amountCents":' || i % 100000 ||
      ',"currency":"EUR","status":"placed","note":"leave it at the door, or with the neighbours"}', 'UTF8')
    from generate_series(at, least(at + ${rowsPerTransaction} - 1, first + rows - 1)) as i;
    commit;
  end loop;
end $$`

/** The event router, payloads as they are. */
const debezium = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
  'table.include.list': 'public.outbox',
  transforms: 'outbox',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Debezium's placeholder.
  'transforms.outbox.route.topic.replacement': '${routedByValue}',
}

function open(context: TrialContext): Promise<Bench> {
  const task = { driver: 'capture-outbox.ts', topic: (name: string) => `captured-${name}`, properties: debezium }
  return captureBench(task, context, (run) => measured(run, context))
}

async function measured(run: CaptureRun, context: TrialContext): Promise<Outcome> {
  const { client, topic, url, name, slot, start } = run
  const events = Math.round(fullSize * context.scale)
  const publication = `create publication ${name} for table outbox with (publish = 'insert')`
  await using database = await CaptureDatabase.create(url, [outboxMigration(), procedure, publication])
  const fill = (first: number, rows: number): Promise<void> =>
    database.execute(`call fill_outbox('${topic}', ${first}, ${rows})`)
  const metrics = await workOff(
    {
      client,
      topic,
      events,
      start,
      slot: () => database.slot(slot),
      begin: () => fill(1, 1),
      fill: () => fill(2, events),
    },
    context,
  )
  return { metrics, result: await everyEvent(client, topic, events + 1) }
}

/** Waits for all events, and digests their keys, values and ids. */
async function everyEvent(client: KafkaClient, topic: string, events: number): Promise<string> {
  await using consumer = client.consumer()
  consumer.assign([{ topic, partition: 0 }])
  const digest = new Digest()
  const deadlineMs = performance.now() + stallTimeoutMs
  for (let seen = 0; seen < events && performance.now() < deadlineMs; ) {
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { key, value, headers } of decodedRecords(fetched)) {
        digest.add(`${key} ${value} ${headers.find((header) => header.key === 'id')?.value}`)
        seen++
      }
    }
  }
  return `events: ${digest}`
}

export const captureOutbox: Trial = {
  name: 'capture-outbox',
  summary: 'a backlog of outbox rows of 150 B, committed ten at a time, from PostgreSQL to a topic',
  peers: ['Debezium 3.6'],
  goal: 'three times as many events per CPU second, first event after 1.5 s, a sixth of the memory',
  // Both sides write to Apache Kafka.
  unavailable: javaUnavailable,
  open,
}
