import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import {
  apis,
  type DescribeConfigsResponse,
  type MessageInput,
  type MessageType,
  type MetadataResponse,
} from '@millrace/protocol'
import { type ApacheKafka, apacheKafkaUnavailable, startApacheKafka } from '../kafka/apache-kafka.ts'
import {
  allowedAnswers,
  allowedBrokerConfigs,
  allowedFeatures,
  allowedTopicConfigs,
  unservedApis,
} from './protocol-differences.ts'
import { configQuestions, operationQuestions, type Question, settledTopic } from './protocol-questions.ts'
import { RawClient } from './raw-client.ts'

const skip = apacheKafkaUnavailable() ?? false
const resource = { topic: 2, broker: 4 } as const

type Configs = DescribeConfigsResponse['results'][number]['configs']

let kafka: ApacheKafka
let broker: Broker
let theirs: RawClient
let ours: RawClient

before(async () => {
  if (skip) return
  kafka = await startApacheKafka()
  const config = { 'group.min.session.timeout.ms': '1000', 'log.retention.ms': '-1', 'min.insync.replicas': '1' }
  broker = await startBroker({ memory: true, config })
  theirs = await RawClient.open(kafka.brokers)
  ours = await RawClient.open(broker.brokers)
  for (const client of [theirs, ours]) await createTopic(client)
})

after(async () => {
  theirs?.close()
  ours?.close()
  await broker?.close()
  await kafka?.close()
})

async function createTopic(client: RawClient): Promise<void> {
  const topics = [
    { name: 'order', numPartitions: 2, replicationFactor: 1 },
    { name: settledTopic, numPartitions: 1, replicationFactor: 1 },
  ]
  await client.ask(apis.CreateTopics, 7, { topics, timeoutMs: 10_000 })
  const isThere = ({ topics: found }: MetadataResponse): boolean => found[0]?.partitions.length === 2
  await client.askUntil(isThere, apis.Metadata, 12, { topics: [{ name: 'order' }, { name: settledTopic }] })
}

/** Same question to both, Apache Kafka's answer first. */
async function both<Request, Response>(
  api: { key: number; name: string; request: MessageType<Request>; response: MessageType<Response> },
  version: number,
  body: MessageInput<Request>,
): Promise<[Response, Response]> {
  return [await theirs.ask(api, version, body), await ours.ask(api, version, body)]
}

/** Differences by name: each must be allowed, and each that is allowed must be there. */
function assertDifferences(
  found: ReadonlyMap<string, string>,
  allowed: Readonly<Record<string, string>>,
  what: string,
): void {
  const surprises = [...found].filter(([name]) => !(name in allowed)).map(([name, text]) => `${name}: ${text}`)
  assert.deepEqual(surprises, [], `${what} differ where nothing says so`)
  const gone = Object.keys(allowed).filter((name) => !found.has(name))
  assert.deepEqual(gone, [], `${what} that no longer differ are still listed as different`)
}

function compare<T>(
  left: ReadonlyMap<string, T>,
  right: ReadonlyMap<string, T>,
  show: (value: T) => string,
): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(name), right.get(name)]
    const [before, now] = [a === undefined ? 'nothing' : show(a), b === undefined ? 'nothing' : show(b)]
    if (before !== now) found.set(name, `Kafka has ${before}, we have ${now}`)
  }
  return found
}

const software = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1.0' }

test('ApiVersions lists what Apache Kafka 4.3 lists, but for what is not here', { skip }, async () => {
  const nameOf = (key: number): string => Object.values(apis).find((api) => api.key === key)?.name ?? String(key)
  for (const version of [0, 1, 2, 3, 4]) {
    const [kafkas, mine] = await both(apis.ApiVersions, version, software)
    const ranges = ({ apiKeys }: typeof kafkas): Map<string, string> =>
      new Map(apiKeys.map((one) => [nameOf(one.apiKey), `${one.minVersion} to ${one.maxVersion}`]))
    assertDifferences(compare(ranges(kafkas), ranges(mine), String), unservedApis, `APIs of version ${version}`)
    assert.equal(mine.throttleTimeMs, 0)
    if (version < 3) continue
    const levels = (answer: typeof kafkas): Map<string, string> =>
      new Map([
        ...answer.supportedFeatures.map((one): [string, string] => [
          `${one.name} supported`,
          `${one.minVersion} to ${one.maxVersion}`,
        ]),
        ...answer.finalizedFeatures.map((one): [string, string] => [
          `${one.name} finalized`,
          `${one.minVersionLevel} to ${one.maxVersionLevel}`,
        ]),
      ])
    const allowed = Object.fromEntries(
      Object.entries(allowedFeatures).filter(([name]) => version === 4 || !name.endsWith('supported')),
    )
    assertDifferences(compare(levels(kafkas), levels(mine), String), allowed, `features of version ${version}`)
  }
})

test('an ApiVersions request from the future, and names that are none, are answered as by Apache Kafka', {
  skip,
}, async () => {
  // Key 18, version 99, correlation id 7, no client id, no tagged fields, and something nobody knows.
  const future = Buffer.from('0012006300000007ffff00ffee', 'hex')
  const [kafkas, mine] = [await theirs.sendBytes(future), await ours.sendBytes(future)]
  assert.equal(mine.toString('hex'), kafkas.toString('hex'))
  for (const name of ['', '-a', 'a b']) {
    const [left, right] = await both(apis.ApiVersions, 4, { clientSoftwareName: name, clientSoftwareVersion: '1' })
    assert.equal(right.errorCode, left.errorCode, `software name '${name}'`)
  }
})

function byName(configs: Configs): Map<string, Configs[number]> {
  return new Map(configs.map((config) => [config.name, config]))
}

async function describeBoth(resourceType: number, resourceName: string): Promise<[Configs, Configs]> {
  const resources = [{ resourceType, resourceName, configurationKeys: null }]
  const body = { resources, includeSynonyms: true, includeDocumentation: true }
  const [left, right] = await both(apis.DescribeConfigs, 4, body)
  return [left.results[0]!.configs, right.results[0]!.configs]
}

test('topics have all the settings that they have in Apache Kafka, with its types, defaults and synonyms', {
  skip,
}, async () => {
  const [left, right] = await describeBoth(resource.topic, 'order')
  const show = ({ value, configType, readOnly, isSensitive, configSource, synonyms }: Configs[number]): string =>
    JSON.stringify([
      value,
      configType,
      readOnly,
      isSensitive,
      configSource,
      synonyms.map((one) => [one.name, one.value, one.source]),
    ])
  assertDifferences(compare(byName(left), byName(right), show), allowedTopicConfigs, 'topic settings')
  for (const { name, documentation } of right) assert.ok(documentation, `${name} is not explained`)
})

test("the broker's settings that both have agree in type, default and whether they can be altered", {
  skip,
}, async () => {
  const [left, right] = await describeBoth(resource.broker, '1')
  const known = new Set(left.map((one) => one.name))
  const mine = right.filter((one) => known.has(one.name))
  const shared = new Set(mine.map((one) => one.name))
  const defaultOf = ({ value, synonyms }: Configs[number]): string | null =>
    synonyms.find((one) => one.source === 5)?.value ?? value
  const show = (config: Configs[number]): string =>
    JSON.stringify([defaultOf(config), config.configType, config.readOnly, config.isSensitive])
  const found = compare(byName(left.filter((one) => shared.has(one.name))), byName(mine), show)
  for (const { name } of right) if (!known.has(name)) found.set(name, 'Kafka has no such setting')
  assertDifferences(found, allowedBrokerConfigs, 'broker settings')
})

async function answersTo(questions: readonly Question[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const { name, ask } of questions) {
    const [left, right] = [await ask(theirs), await ask(ours)]
    const [before, now] = [JSON.stringify(left), JSON.stringify(right)]
    if (before !== now) found.set(name, `Kafka answers ${before}, we answer ${now}`)
  }
  return found
}

const allowedFor = (questions: readonly Question[]): Record<string, string> =>
  Object.fromEntries(Object.entries(allowedAnswers).filter(([name]) => questions.some((one) => one.name === name)))

test('questions about settings get the answers of Apache Kafka', { skip, timeout: 240_000 }, async () => {
  assertDifferences(await answersTo(configQuestions), allowedFor(configQuestions), 'answers')
})

test('questions of operators get the answers of Apache Kafka', { skip, timeout: 240_000 }, async () => {
  assertDifferences(await answersTo(operationQuestions), allowedFor(operationQuestions), 'answers')
})
