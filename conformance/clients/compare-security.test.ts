import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type AclBinding, kafkaClient } from '@millrace/kafka'
import { authority } from '../../packages/broker/test/support/certificates.ts'
import { apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { type Login, passwords, type SecurityCase, securedTopic, securityCases } from './cases/security.ts'
import { compare, type Outcome, repeatedly, runOn } from './compare.ts'
import { type Client, clients, lacking, unavailable } from './programs/catalogue.ts'
import type { Settings } from './programs/operations.ts'
import { Program } from './programs/program.ts'
import { type SecuredBrokers, startSecuredBrokers } from './secured-brokers.ts'

const skip = apacheKafkaUnavailable() ?? false
const only = { client: process.env.MILLRACE_CLIENT, case: process.env.MILLRACE_CASE }

/** Many programs log in at the same time here, and clients give up by the clock. */
const patience = { tries: 3, because: 'clients give up by the clock' }

let brokers: SecuredBrokers
/** kafkajs with all rights on each of the brokers. */
let helpers: { kafka: Program; millrace: Program }
let files: { ca: string; other: string; alice: string; stranger: string; right: string; audience: string }

before(async () => {
  if (skip) return
  const { nobody: _, ...users } = passwords
  brokers = await startSecuredBrokers({
    withKafka: true,
    scramUsers: users,
    plainUsers: users,
    config: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // Of the listeners without a login, and of Apache Kafka's controller.
      'super.users': 'User:ANONYMOUS',
    },
  })
  const { folder, ca, alice, stranger, millrace, kafka } = brokers
  const pem = ({ key, cert }: typeof alice): string => [key, cert].join('\n')
  files = {
    ca: await folder.write('clients-ca.pem', ca.cert),
    other: await folder.write('clients-other-ca.pem', (await authority('Another')).cert),
    alice: await folder.write('clients-alice.pem', pem(alice)),
    stranger: await folder.write('clients-stranger.pem', pem(stranger)),
    right: await brokers.tokenFile('clients-right', {}),
    audience: await brokers.tokenFile('clients-audience', { aud: 'billing' }),
  }
  await Promise.all([kafka!.brokers, millrace.brokers].map(prepare))
  const kafkajs = clients.find(({ name }) => name === 'kafkajs')!
  const helper = (bootstrap: string) =>
    Program.start(kafkajs.command(), bootstrap, { clientId: 'helper', protocol: 'PLAINTEXT' })
  helpers = { kafka: helper(kafka!.brokers), millrace: helper(millrace.brokers) }
})

after(async () => {
  await Promise.all([helpers?.kafka.kill(), helpers?.millrace.kill()])
  await brokers?.[Symbol.asyncDispose]()
})

/** The name of the client certificate, as both brokers read it. */
const certified = 'CN=alice,O=Acme'

function rule(user: string, operation: AclBinding['operation'], more: Partial<AclBinding> = {}): AclBinding {
  return {
    ...{ resourceType: 'TOPIC', resourceName: securedTopic, patternType: 'LITERAL', principal: `User:${user}` },
    ...{ host: '*', operation, permission: 'ALLOW' },
    ...more,
  }
}

/** The topic, and who may do what with it; some clients read only as a member of a group. */
async function prepare(bootstrap: string): Promise<void> {
  const groups = { resourceType: 'GROUP', resourceName: '*' } as const
  await using client = kafkaClient({ brokers: bootstrap })
  await client.admin.createTopics([{ name: securedTopic }])
  await client.admin.createAcls([
    ...['alice', certified].flatMap((user) => [rule(user, 'READ'), rule(user, 'WRITE'), rule(user, 'READ', groups)]),
    ...[rule('reader', 'READ'), rule('reader', 'READ', groups)],
    ...[rule('barred', 'ALL'), rule('barred', 'READ', groups), rule('barred', 'READ', { permission: 'DENY' })],
  ])
  // A first member makes the coordinator's topic, which takes a moment.
  await using consumer = client.consumer({ groupId: 'wake-up' })
  consumer.assign([{ topic: securedTopic, partition: 0 }])
  await inTime(() => consumer.commit([{ topic: securedTopic, partition: 0, offset: 0 }]))
}

/** Apache Kafka's controller answers before its broker has heard of a topic. */
async function inTime(action: () => Promise<unknown>): Promise<void> {
  for (const deadline = performance.now() + 30_000; ; await delay(100)) {
    try {
      await action()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
  }
}

function settingsOf(client: Client, login: Login): Settings {
  const { protocol, mechanism, username, password, certificate, token } = login
  const identity = certificate === 'of the authority' ? files.alice : files.stranger
  return {
    clientId: `c-${client.name}`,
    protocol,
    ...(protocol.endsWith('SSL') && { caFile: login.trusts === undefined ? files.ca : files.other }),
    ...(certificate !== undefined && { certFile: identity, keyFile: identity }),
    ...(mechanism !== undefined && { mechanism }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(token !== undefined && { tokenFile: token === 'right' ? files.right : files.audience }),
  }
}

interface Side {
  readonly helper: Program
  addressOf(listener: Login['listener']): string
  /** Programs that wait for their next login, by client. */
  readonly waiting: Map<Client, Program[]>
}

async function runAt(client: Client, one: SecurityCase, side: Side): Promise<Outcome> {
  const bootstrap = side.addressOf(one.login.listener)
  const settings = settingsOf(client, one.login)
  const another = (): Program => Program.start(client.command(), bootstrap, settings)
  const waiting = side.waiting.get(client)?.pop()
  await waiting?.run('login', { bootstrap, settings })
  if (waiting) waiting.warnings.length = 0
  const program = waiting ?? another()
  const outcome = await runOn(one, {
    client,
    program,
    another,
    helper: side.helper,
    bootstrap,
    prefix: one.name,
    millrace: undefined,
  })
  if (client.logsInAgain) side.waiting.set(client, [...(side.waiting.get(client) ?? []), program])
  else await program.kill()
  return outcome
}

describe('clients that log in', { skip, concurrency: 2 }, () => {
  let theirSide: Side
  let ourSide: Side
  before(() => {
    theirSide = { helper: helpers?.kafka, addressOf: (listener) => brokers.theirs(listener), waiting: new Map() }
    ourSide = { helper: helpers?.millrace, addressOf: (listener) => brokers.ours(listener), waiting: new Map() }
  })
  after(async () => {
    const waiting = [theirSide, ourSide].flatMap((side) => [...(side?.waiting.values() ?? [])].flat())
    await Promise.all(waiting.map((program) => program.kill()))
  })

  for (const client of clients) {
    if (only.client !== undefined && !only.client.split(',').includes(client.name)) continue
    const options = { skip: unavailable(client) ?? false, concurrency: client.logsInAgain ? 1 : 4 }
    describe(`${client.name} ${client.version}`, options, () => {
      before(() => void client.command())
      for (const one of securityCases) {
        if (only.case !== undefined && !one.name.includes(only.case)) continue
        test(one.name, { skip: lacking(client, one.needs) ?? false, timeout: 240_000 }, async (t) => {
          await repeatedly(t, patience, async () => {
            const [theirs, ours] = await Promise.all([theirSide, ourSide].map((side) => runAt(client, one, side)))
            assert.doesNotMatch(JSON.stringify(ours!.outcome), /PROGRAM_ENDED|NO_ANSWER/)
            compare(client, one, { theirs: theirs!, ours: ours! })
          })
        })
      }
    })
  }
})
