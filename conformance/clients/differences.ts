/** A case in which a client sees Millrace do what Apache Kafka does not, and why that stays. */
export interface Difference {
  readonly case: string
  /** The clients that see it; absent for all. */
  readonly clients?: readonly string[]
  readonly why: string
  /** Takes the difference, and nothing else, out of an outcome: what is left must be the same. */
  readonly without: (outcome: never) => unknown
  /** Apache Kafka is sometimes as quick as Millrace: the outcomes may be the same. */
  readonly depends?: boolean
  /** What the case checks does not hold on Millrace. */
  readonly unchecked?: boolean
}

type Configs = Readonly<Record<string, { readonly value: string | null; readonly isDefault?: boolean }>>

const forgetDefault = (outcome: Configs, name: string): Configs => {
  const { [name]: entry, ...rest } = outcome
  return { ...rest, [name]: { value: entry?.value ?? null } }
}

/** Every difference that is not a bug. A row whose case comes out the same fails the test, so that none goes stale. */
export const differences: readonly Difference[] = [
  {
    case: 'every topic config has its default',
    why: 'Apache Kafka sets min.insync.replicas for the whole cluster when its storage is formatted (KIP-966); one node has nothing to set.',
    without: (outcome: Configs) => forgetDefault(outcome, 'min.insync.replicas'),
  },
  {
    case: 'illegal config values change nothing',
    why: 'The same: min.insync.replicas counts as changed in Apache Kafka, whose storage was formatted with it (KIP-966).',
    without: (outcome: { readonly changed: readonly string[] }) => ({
      ...outcome,
      changed: outcome.changed.filter((name) => name !== 'min.insync.replicas'),
    }),
  },
  {
    case: 'a topic that is not there',
    clients: ['kcat'],
    why: 'kcat asks for metadata in a way that creates topics: Millrace has made it when it answers, Apache Kafka makes it afterwards.',
    without: () => undefined,
    unchecked: true,
    depends: true,
  },
  ...['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => ({
    case: `${mechanism}: logs in, lists, writes and reads`,
    clients: ['kcat'],
    why: 'librdkafka before 2.2, which Debian has, repeats its own nonce twice. Apache Kafka refuses that since CVE-2024-56128; Millrace takes it, as the whole nonce is there and the proof covers it.',
    without: () => undefined,
    depends: true,
  })),
  {
    case: 'a client certificate of another authority: is refused',
    clients: ['kafkajs'],
    why: 'Apache Kafka says with an alert of TLS what it refuses, Node.js closes the connection.',
    without: () => undefined,
    depends: true,
  },
  {
    case: 'no TLS where the listener speaks it: is refused',
    clients: ['franz-go'],
    why: 'The same.',
    without: () => undefined,
  },
  {
    case: 'OAUTHBEARER, a token for another audience: is refused',
    clients: ['kafkajs', 'platformatic'],
    why: 'The client sends a request where the exchange has its last message (RFC 7628): Apache Kafka answers it with ILLEGAL_SASL_STATE and closes the connection, Millrace closes it at once.',
    without: () => undefined,
    depends: true,
  },
]

export function differenceOf(client: string, name: string): Difference | undefined {
  return differences.find((one) => one.case === name && (one.clients?.includes(client) ?? true))
}

/** What a client does in a case whatever the broker: both outcomes are the same, and neither is what the case is about. */
export interface Quirk {
  readonly client: string
  readonly case: string
  readonly why: string
}

export const quirks: readonly Quirk[] = [
  {
    client: 'platformatic',
    case: 'the time of the append where the topic says so',
    why: 'the client shows the time that the producer gave',
  },
  {
    client: 'platformatic',
    case: 'committed transactions are read whole and aborted ones not at all',
    why: 'the client shows records of some aborted transactions, although both brokers name them as aborted',
  },
  ...[
    'a successor fences its predecessor and ends what it left open',
    'a producer that was killed leaves nothing behind',
  ].map((name) => ({
    client: 'platformatic',
    case: name,
    why: 'a new producer presents the producer id 0 as its own, which brokers refuse where the transactional id has another (KIP-360)',
  })),
]

export function quirkOf(client: string, name: string): string | undefined {
  return quirks.find((one) => one.client === client && one.case === name)?.why
}
