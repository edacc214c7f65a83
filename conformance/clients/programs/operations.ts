/**
 * What a case asks of a client program, in every language the same: one JSON object a line in, one a line out. Names of errors
 * are the client's own; an outcome is only ever compared with what the same client says of the other broker.
 */

/** A record as it goes in; absent fields are null, absent times are the client's. */
export interface RecordIn {
  readonly key?: string | null
  readonly value: string | null
  readonly headers?: readonly (readonly [string, string | null])[]
  readonly timestamp?: number
  readonly partition?: number
}

export interface RecordOut {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly timestamp: number
}

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
export type Isolation = 'read_committed' | 'read_uncommitted'

export interface ConfigEntry {
  readonly value: string | null
  readonly isDefault: boolean
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

export interface TopicDescription {
  readonly id: string | null
  readonly partitions: readonly { readonly partition: number; readonly leader: number; readonly replicas: number[] }[]
}

export interface GroupDescription {
  readonly state: string
  readonly members: number
  readonly assignor: string | null
}

export interface Offset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface JoinOptions {
  readonly handle: string
  readonly group: string
  readonly topics?: readonly string[]
  readonly pattern?: string
  readonly assignor?: string
  readonly instanceId?: string
  readonly sessionTimeoutMs?: number
  readonly protocol?: 'classic' | 'consumer'
  readonly reset?: 'earliest' | 'latest'
}

/** The arguments and the result of each operation. */
export interface Operations {
  createTopics: [
    {
      topics: readonly { name: string; partitions: number; configs?: Readonly<Record<string, string>> }[]
      validateOnly?: boolean
    },
    Record<string, string>,
  ]
  deleteTopics: [{ names: readonly string[] }, Record<string, string>]
  createPartitions: [{ topic: string; count: number }, { error: string }]
  listTopics: [Record<string, never>, string[]]
  describeTopic: [{ name: string }, TopicDescription]
  describeCluster: [Record<string, never>, { brokers: number; controller: number; clusterId: string }]
  describeConfigs: [
    { type: 'topic' | 'broker' | 'group'; name: string; keys?: readonly string[] },
    Record<string, ConfigEntry>,
  ]
  alterConfigs: [
    {
      type: 'topic' | 'broker' | 'group'
      name: string
      set?: Readonly<Record<string, string>>
      remove?: readonly string[]
      validateOnly?: boolean
    },
    { error: string },
  ]
  deleteRecords: [{ topic: string; partition: number; offset: number }, { low: number | null }]
  listOffset: [
    { topic: string; partition: number; at: 'earliest' | 'latest' | 'max-timestamp' | number },
    { offset: number | null; timestamp?: number },
  ]
  listGroups: [Record<string, never>, string[]]
  describeGroup: [{ group: string }, GroupDescription]
  deleteGroup: [{ group: string }, { error: string }]
  committed: [{ group: string; topic: string; partitions: readonly number[] }, { offsets: (number | null)[] }]
  commitOffsets: [{ group: string; offsets: readonly Offset[] }, { error: string }]
  deleteOffsets: [{ group: string; topic: string; partition: number }, { error: string }]
  produce: [
    {
      topic: string
      records: readonly RecordIn[]
      codec?: Codec
      acks?: 0 | 1 | -1
      idempotent?: boolean
      maxRequestBytes?: number
    },
    { first: number | null },
  ]
  openProducer: [{ handle: string; transactionalId: string; timeoutMs?: number }, { error: string }]
  begin: [{ handle: string }, { error: string }]
  send: [{ handle: string; topic: string; records: readonly RecordIn[] }, { error: string }]
  sendOffsets: [{ handle: string; group: string; offsets: readonly Offset[] }, { error: string }]
  commit: [{ handle: string }, { error: string }]
  abort: [{ handle: string }, { error: string }]
  closeProducer: [{ handle: string }, { error: string }]
  /** Reads a partition without a group where the client can; ends with `count` records, with the value `until`, or with `timeoutMs`. */
  read: [
    {
      topic: string
      partition?: number
      from?: 'beginning' | 'end' | number
      reset?: 'earliest' | 'latest' | 'none'
      count?: number
      until?: string
      isolation?: Isolation
      timeoutMs?: number
    },
    { records: RecordOut[] },
  ]
  /** A member of a group that reads, commits what it read and goes on until `leave`. */
  join: [JoinOptions, { error: string }]
  member: [{ handle: string }, { owned: string[]; values: string[]; error: string }]
  leave: [{ handle: string }, { error: string }]
  /** Another bootstrap address and other settings from now on, for a client whose process is slow to start. */
  login: [{ bootstrap: string; settings: Settings }, Record<string, never>]
}

export type OperationName = keyof Operations

/** What a program answers: a result, or an error by the name that the client gives it. */
export type Answer<Result> = { readonly result: Result } | { readonly error: string; readonly message: string }

/** How a program connects: what stands in its second argument. */
export interface Settings {
  readonly clientId: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  readonly mechanism?: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
  readonly username?: string
  readonly password?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  /** The file with the token of OAUTHBEARER. */
  readonly tokenFile?: string
}
