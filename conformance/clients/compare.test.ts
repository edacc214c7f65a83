import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import type { Case } from './cases/case.ts'
import { cases } from './cases/index.ts'
import { compare, isBroken, type Outcomes, repeatedly, runOn } from './compare.ts'
import { type Participant, registerCrossReading, writeAll } from './cross-reading.ts'
import { type Client, clients, lacking, unavailable } from './programs/catalogue.ts'
import { type Command, Program } from './programs/program.ts'

const skip = apacheKafkaUnavailable() ?? false
const only = { client: process.env.MILLRACE_CLIENT, case: process.env.MILLRACE_CASE }
/** How often a case of groups runs for a client that is known to be unsteady, before its failure counts. */
const unsteadyTries = 3
/** Both have what the helper sets for Apache Kafka; what shows in a topic's configs is left at its default. */
const config = { 'group.min.session.timeout.ms': '1000' }
const atDefault = { 'log.retention.ms': '', 'min.insync.replicas': '' }

let kafka: ApacheKafka
let millrace: Broker
/** kafkajs on each of the brokers, for what a client cannot do itself. */
let helpers: { kafka: Program; millrace: Program }

const settingsOf = (client: Client) => ({ clientId: `c-${client.name}`, protocol: 'PLAINTEXT' }) as const

before(async () => {
  if (skip) return
  millrace = await startBroker({ memory: true, config })
  kafka = await startApacheKafka({ config: atDefault })
  const kafkajs = clients.find(({ name }) => name === 'kafkajs')!
  const helper = (brokers: string) => Program.start(kafkajs.command(), brokers, settingsOf(kafkajs))
  helpers = { kafka: helper(kafka.brokers), millrace: helper(millrace.brokers) }
  await Promise.all([helpers.kafka, helpers.millrace].map(wakeCoordinators))
})

after(async () => {
  await Promise.all([helpers?.kafka.kill(), helpers?.millrace.kill()])
  await millrace?.close()
  await kafka?.close()
})

/** Apache Kafka makes its coordinators' topics when somebody first asks, and sends clients away meanwhile, which they warn of. */
async function wakeCoordinators(helper: Program): Promise<void> {
  const topic = 'wake-up'
  const records = [{ value: 'up', partition: 0 }]
  await helper.run('createTopics', { topics: [{ name: topic, partitions: 1 }] })
  await helper.run('produce', { topic, records })
  await helper.run('read', { topic, count: 1, timeoutMs: 30_000 })
  await helper.run('openProducer', { handle: topic, transactionalId: topic })
  await helper.run('begin', { handle: topic })
  await helper.run('send', { handle: topic, topic, records })
  await helper.run('commit', { handle: topic })
  await helper.run('closeProducer', { handle: topic })
}

describe('clients', { skip, concurrency: 3 }, () => {
  for (const client of clients) {
    if (only.client !== undefined && !only.client.split(',').includes(client.name)) continue
    describe(`${client.name} ${client.version}`, { skip: unavailable(client) ?? false, concurrency: 1 }, () =>
      suite(client),
    )
  }
})

function suite(client: Client): void {
  let command: Command
  let onKafka: Program
  let onMillrace: Program
  const start = (brokers: string) =>
    Program.start(command, brokers, { clientId: `c-${client.name}`, protocol: 'PLAINTEXT' })

  before(() => {
    command = client.command()
    onKafka = start(kafka.brokers)
    onMillrace = start(millrace.brokers)
  })
  after(async () => {
    await Promise.all([onKafka?.kill(), onMillrace?.kill()])
  })

  const again = async (program: Program, brokers: string): Promise<Program> => {
    await program.kill()
    return start(brokers)
  }

  const runBoth = async (one: Case, prefix: string): Promise<Outcomes> => {
    const common = { client, prefix }
    const [theirs, ours] = await Promise.all([
      runOn(one, {
        ...common,
        program: onKafka,
        another: () => start(kafka.brokers),
        helper: helpers.kafka,
        bootstrap: kafka.brokers,
        millrace: undefined,
      }),
      runOn(one, {
        ...common,
        program: onMillrace,
        another: () => start(millrace.brokers),
        helper: helpers.millrace,
        bootstrap: millrace.brokers,
        millrace,
      }),
    ])
    // A program whose case broke off may have handles open or be busy with what nobody waits for.
    if (isBroken(theirs)) onKafka = await again(onKafka, kafka.brokers)
    if (isBroken(ours)) onMillrace = await again(onMillrace, millrace.brokers)
    return { theirs, ours }
  }

  cases.forEach((one, index) => {
    if (only.case !== undefined && !one.name.includes(only.case)) return
    const options = {
      skip: lacking(client, one.needs) ?? false,
      timeout: client.unsteady === undefined ? 240_000 : 240_000 * unsteadyTries,
    }
    test(one.name, options, async (t) => {
      const tries = client.unsteady === undefined || one.subject !== 'groups' ? 1 : unsteadyTries
      await repeatedly(t, { tries, because: client.unsteady ?? '' }, async (attempt) => {
        if (attempt > 1) {
          onKafka = await again(onKafka, kafka.brokers)
          onMillrace = await again(onMillrace, millrace.brokers)
        }
        compare(client, one, await runBoth(one, `${client.name}-${index}-${attempt}`))
      })
    })
  })
}

const readers = clients.filter((client) => unavailable(client) === undefined)

describe('what one client writes the others read', {
  skip: skip || only.client !== undefined || (only.case ?? 'wrote') !== 'wrote',
  concurrency: 4,
}, () => {
  let participants: Participant[] = []
  before(async () => {
    participants = readers.map((client) => {
      const start = (brokers: string): Program => Program.start(client.command(), brokers, settingsOf(client))
      return { client, programs: [start(kafka.brokers), start(millrace.brokers)] }
    })
    await writeAll(participants, async (name) => {
      const topics = [{ name, partitions: 1 }]
      await Promise.all([helpers.kafka, helpers.millrace].map((helper) => helper.run('createTopics', { topics })))
    })
  })
  after(async () => {
    await Promise.all(participants.flatMap(({ programs }) => programs.map((program) => program.kill())))
  })
  registerCrossReading(readers, () => participants)
})
