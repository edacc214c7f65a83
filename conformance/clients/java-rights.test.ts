import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type AclBinding, kafkaClient, networkTransport } from '@millrace/kafka'
import { apacheKafkaClassPath, apacheKafkaUnavailable } from '../kafka/apache-kafka.ts'
import { adminLogin, type BrokersWithAcls, password, startBrokersWithAcls } from './brokers-with-acls.ts'

const run = promisify(execFile)
const users = ['admin', 'nobody', 'reader', 'writer', 'operator', 'barred'] as const
type User = (typeof users)[number]
const prefixOf = (user: User): string => `${user}-`

/** One rule, about all that begins with the user's prefix unless it says otherwise. */
function rule(user: User, operation: AclBinding['operation'], resourceType: AclBinding['resourceType']): AclBinding {
  const all = resourceType === 'CLUSTER'
  return {
    resourceType,
    resourceName: all ? 'kafka-cluster' : prefixOf(user),
    patternType: all ? 'LITERAL' : 'PREFIXED',
    principal: `User:${user}`,
    host: '*',
    operation,
    permission: 'ALLOW',
  }
}

const rules: AclBinding[] = [
  rule('reader', 'READ', 'TOPIC'),
  rule('reader', 'READ', 'GROUP'),
  rule('writer', 'WRITE', 'TOPIC'),
  rule('writer', 'CREATE', 'TOPIC'),
  rule('writer', 'WRITE', 'TRANSACTIONAL_ID'),
  rule('operator', 'DESCRIBE', 'CLUSTER'),
  rule('operator', 'DESCRIBE_CONFIGS', 'CLUSTER'),
  rule('operator', 'DESCRIBE', 'TOPIC'),
  rule('operator', 'ALTER_CONFIGS', 'TOPIC'),
  rule('operator', 'DESCRIBE', 'GROUP'),
  rule('operator', 'DELETE', 'GROUP'),
  // Everything, but for what is denied.
  ...(['TOPIC', 'GROUP', 'TRANSACTIONAL_ID', 'CLUSTER'] as const).map((type) => rule('barred', 'ALL', type)),
  { ...rule('barred', 'READ', 'TOPIC'), resourceName: '*', patternType: 'LITERAL', permission: 'DENY' },
  { ...rule('barred', 'ALTER', 'CLUSTER'), permission: 'DENY' },
]

describe("rights of Java's clients and tools", { skip: apacheKafkaUnavailable() ?? false }, () => {
  let brokers: BrokersWithAcls
  /** Bootstrap addresses, Apache Kafka's first. */
  let sides: string[] = []
  let classes: string
  let classPath: string

  before(async () => {
    classPath = apacheKafkaClassPath()
    classes = await mkdtemp(join(tmpdir(), 'millrace-rights-'))
    execFileSync('javac', ['-cp', classPath, '-d', classes, join(import.meta.dirname, 'Rights.java')])
    await writeFile(
      join(classes, 'admin.properties'),
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=${adminLogin};\n`,
    )
    brokers = await startBrokersWithAcls(users)
    sides = [brokers.kafka.brokers, brokers.millrace.brokers]
    await Promise.all(sides.map(prepare))
  })
  after(async () => {
    await brokers?.close()
    if (classes) await rm(classes, { recursive: true, force: true })
  })

  const java = async (side: string, ...args: string[]): Promise<string> => {
    const options = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-cp', `${classes}:${classPath}`]
    const { stdout } = await run('java', [...options, ...args.map((one) => one.replace('<brokers>', side))], {
      timeout: 240_000,
    })
    return stdout
  }

  for (const user of users) {
    test(`what ${user} may do with Kafka's own clients`, { timeout: 300_000 }, async () => {
      const outcomes = await Promise.all(
        sides.map(async (side) => {
          const lines = (await java(side, 'Rights', '<brokers>', user, prefixOf(user))).trim().split('\n')
          const outcomes = lines.map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])
          return Object.fromEntries(outcomes.map(([step, outcome]) => [step, comparable(user, step!, outcome!)]))
        }),
      )
      assert.ok(Object.keys(outcomes[0]!).length > 40, 'every step has an outcome')
      assert.deepEqual(outcomes[1], outcomes[0], 'Millrace is not as Apache Kafka')
    })
  }

  test('kafka-acls adds, lists and removes', { timeout: 300_000 }, async () => {
    const tool = ['org.apache.kafka.tools.AclCommand', '--bootstrap-server', '<brokers>']
    const acls = [...tool, '--command-config', join(classes, 'admin.properties')]
    const about = ['--topic', 'tool-', '--resource-pattern-type', 'prefixed', '--transactional-id', 'tool-tx']
    const steps = [
      ['--add', '--allow-principal', 'User:tool', '--producer', '--idempotent', ...about],
      ['--add', '--deny-principal', 'User:tool', '--deny-host', '10.0.0.1', '--operation', 'Read', '--group', '*'],
      ['--list', '--principal', 'User:tool'],
      ['--list', '--topic', 'tool-1', '--resource-pattern-type', 'match'],
      ['--remove', '--force', '--allow-principal', 'User:tool', '--producer', ...about],
      ['--list', '--principal', 'User:tool'],
    ]
    const [theirs, ours] = await Promise.all(
      sides.map(async (side) => {
        const said: string[][] = []
        // A line of an ACL stands where its hash code puts it.
        for (const step of steps) said.push((await java(side, ...acls, ...step)).split('\n').sort())
        return said
      }),
    )
    assert.deepEqual(ours, theirs)
    assert.ok(
      ours!.flat().some((line) => line.includes('principal=User:tool')),
      'the tool said what it did',
    )
  })
})

/** Who lacks two rights is told of the one that the client's threads come to first; which is chance. */
function comparable(user: User, step: string, outcome: string): string {
  const isChance = user === 'nobody' && (step.startsWith('subscribe') || step === 'produce, idempotent')
  return isChance && outcome.endsWith('AuthorizationException') ? 'refused' : outcome
}

/** Topics, groups and rules of all users, made by the administrator. */
async function prepare(brokers: string): Promise<void> {
  const sasl = { mechanism: 'PLAIN', username: 'admin', password } as const
  await using client = kafkaClient({ brokers, transport: networkTransport({ sasl }) })
  const topics = users.map((user) => `${prefixOf(user)}topic`)
  await client.admin.createTopics(topics.map((name) => ({ name, partitions: 2 })))
  await client.admin.createAcls(rules)
  const producer = client.producer()
  for (const topic of topics) {
    for (let count = 0; count < 3; count++)
      await producer.send({ topic, partition: 0, key: null, value: Buffer.from('a') })
  }
  await producer.close()
  for (const user of users) {
    const consumer = client.consumer({ groupId: `${prefixOf(user)}group` })
    consumer.assign([{ topic: `${prefixOf(user)}topic`, partition: 0 }])
    await consumer.commit([{ topic: `${prefixOf(user)}topic`, partition: 0, offset: 2 }])
    await consumer.close()
    const transactional = client.producer({ transactionalId: `${prefixOf(user)}tx` })
    await transactional.init()
    await transactional.close()
  }
}
