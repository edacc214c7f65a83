import { type ErrorFields, type ErrorTable, errorFactory, isMillraceError, MillraceError } from '@millrace/base'
import { ErrorCode, kafkaErrorByCode } from '@millrace/protocol'

/** Errors that this client raises on its own account. What a broker answers becomes `KAFKA_<Kafka's name>`. */
export const kafkaErrors = {
  KAFKA_CONNECT_FAILED: {
    retriable: true,
    cause: 'No connection to a broker could be opened.',
    remedy: 'Check the address, that the broker runs, and that its advertised listener is reachable from here.',
  },
  KAFKA_DISCONNECTED: {
    retriable: true,
    cause: 'The connection ended before the reply arrived; the request may or may not have taken effect.',
    remedy: 'Nothing where the client retries; otherwise repeat the call if it may take effect twice.',
  },
  KAFKA_HUNG_UP: {
    retriable: true,
    cause:
      'The broker closed a fresh connection: it is going down, or its listener wants TLS or a login and the client has none, or the other way round.',
    remedy:
      'Wait while the broker restarts; otherwise connect as the listener wants it: `--tls`, `--ca`, `--cert` and `--login` on the command line, `tls` and `sasl` of networkTransport() in code.',
  },
  KAFKA_TLS_FAILED: {
    retriable: false,
    cause:
      "One side does not trust the other's certificate, or does not get the one that it asks for, or does not speak TLS.",
    remedy:
      "Name the authority of the broker's certificate with `--ca` (`tls: { ca }`), a certificate of your own with `--cert` (`tls: { cert, key }`) where the listener asks for one, and use `--tls` (`tls`) only where it speaks TLS.",
  },
  KAFKA_TIMEOUT: {
    retriable: true,
    cause: 'The operation was not finished within its time limit, retries included.',
    remedy: 'Look at the cause; raise the time limit if the broker is merely slow.',
  },
  KAFKA_RESPONSE_TOO_LARGE: {
    retriable: false,
    cause: 'A broker announced a response larger than `maxResponseBytes`, or the peer does not speak Kafka.',
    remedy:
      'Check that the port is a Kafka listener, and use `--tls` (`tls`) if it is one with TLS; otherwise raise `maxResponseBytes`.',
  },
  KAFKA_UNSUPPORTED_BY_BROKER: {
    retriable: false,
    cause: 'The broker and this client have no version of an API in common.',
    remedy: 'Upgrade the broker; versions from Kafka 2.1 on are served.',
  },
  KAFKA_AUTHENTICATION_FAILED: {
    retriable: false,
    cause: 'The broker refused the credentials or the SASL mechanism.',
    remedy:
      'Check user name, password and mechanism against the listener: `--login`, `--password-file` and `--mechanism` on the command line, `sasl` of networkTransport() in code.',
  },
  KAFKA_CLOSED: {
    retriable: false,
    cause: 'The client, producer or consumer was closed while the call ran.',
    remedy: 'Open a new one.',
  },
  KAFKA_FENCED: {
    retriable: false,
    cause:
      'A newer producer with the same transactional id, or a newer member with the same instance id, has taken over.',
    remedy: 'Close this one; give every running instance its own id.',
  },
  KAFKA_TRANSACTION_ABORTABLE: {
    retriable: false,
    cause: 'A step of the transaction failed; nothing of it will become visible.',
    remedy: 'Call abort() and run the transaction again.',
  },
  KAFKA_TRANSACTION_ABORTED: {
    retriable: false,
    cause: 'The record was not sent because its transaction was aborted.',
    remedy: 'Run the transaction again.',
  },
  KAFKA_PRODUCER_FAILED: {
    retriable: false,
    cause: 'An earlier fatal error ended this producer.',
    remedy: 'Close it, look at the cause, open a new one.',
  },
  KAFKA_DELIVERY_TIMEOUT: {
    retriable: false,
    cause: 'A batch was not acknowledged within `deliveryTimeoutMs`; it may or may not have been written.',
    remedy: 'Look at the cause; use a transaction where writing twice would hurt.',
  },
  KAFKA_BUFFER_FULL: {
    retriable: true,
    cause: 'Records were sent faster than the broker takes them, for longer than `maxBlockMs`.',
    remedy: 'Await send(), or raise `bufferBytes`.',
  },
  KAFKA_RECORD_TOO_LARGE: {
    retriable: false,
    cause: 'One record is larger than `maxBatchBytes`.',
    remedy: "Send less in one record, or raise `maxBatchBytes` and the topic's max.message.bytes.",
  },
  KAFKA_NO_OFFSET: {
    retriable: false,
    cause: 'A partition has no committed offset, or its offset no longer exists, and `autoOffsetReset` is "fail".',
    remedy: 'Seek to an offset, or choose `autoOffsetReset: "earliest"` or "latest".',
  },
  KAFKA_CORRUPT_BATCH: {
    retriable: false,
    cause: 'A fetched record batch does not match its checksum.',
    remedy: "Check the broker's disks and the network; seek past the offset to go on without the batch.",
  },
} as const satisfies ErrorTable

export const kafkaError = errorFactory(kafkaErrors)

const remedies: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'Create the topic, or check its name and the partition number.',
  TOPIC_ALREADY_EXISTS:
    'Use the topic that is there, or choose another name; in code `ifNotExists: true` takes it as it is.',
  INVALID_TOPIC_EXCEPTION: 'Use 1 to 249 of the characters a-z, A-Z, 0-9, ".", "_" and "-"; "." and ".." are no names.',
  INVALID_CONFIG:
    "Correct the setting that the message names: names and values are Kafka's, as `millrace topics describe` shows them.",
  INVALID_PARTITIONS: 'Ask for at least one partition, and for more than the topic has when adding some.',
  SECURITY_DISABLED:
    'Switch ACLs on at the broker: start it with `--super-user`, or set `authorizer.class.name` (docs/guides/authorize-clients.md).',
  TOPIC_AUTHORIZATION_FAILED:
    'Give this principal the right on the topic, with `millrace acls add`: READ to consume, WRITE to produce, DESCRIBE to see it, CREATE, DELETE or ALTER_CONFIGS to change it.',
  GROUP_AUTHORIZATION_FAILED:
    'Give this principal the right on the group, with `millrace acls add`: READ to consume in it, DESCRIBE to look at it, DELETE to remove it.',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    'Give this principal WRITE on the transactional id, with `millrace acls add --transactional-id`; DESCRIBE is enough to look at it.',
  CLUSTER_AUTHORIZATION_FAILED:
    'Give this principal the right with `millrace acls add --cluster`: CREATE for topics, DESCRIBE and ALTER for users and ACLs, DESCRIBE_CONFIGS and ALTER_CONFIGS for settings of the broker.',
  INCONSISTENT_GROUP_PROTOCOL: 'Configure one assignor that all members of the group have in common.',
  MESSAGE_TOO_LARGE: "Send less in one batch, or raise the topic's max.message.bytes.",
  INVALID_REPLICATION_FACTOR: 'Ask for at most as many replicas as there are brokers.',
}

/** Here the request says more than the error does: a producer asks the cluster for its id. */
const idempotentRemedy =
  'Give this principal WRITE on any topic, or IDEMPOTENT_WRITE on the cluster (KIP-679), with `millrace acls add`.'

/** The error that a broker's error code stands for: code `KAFKA_<NAME>`, `fields.errorCode` the number. */
export function brokerError(
  errorCode: number,
  what: string,
  fields?: ErrorFields,
  detail?: string | null,
  cause?: unknown,
): MillraceError {
  const { name, retriable, message } = kafkaErrorByCode(errorCode)
  const remedy =
    name === 'CLUSTER_AUTHORIZATION_FAILED' && what === 'InitProducerId'
      ? idempotentRemedy
      : (remedies[name] ?? (retriable ? 'Try again.' : "Look the error up in Kafka's protocol error table."))
  return new MillraceError(`KAFKA_${name}`, `${what}: ${detail || message || name}`, {
    retriable,
    remedy,
    fields: { ...fields, errorCode },
    cause,
  })
}

/** KAFKA_TIMEOUT; when no connection came about, that is what there is to do something about, not the limit. */
export function timeoutError(message: string, cause: unknown): MillraceError {
  let remedy: string | undefined
  for (let one = cause, depth = 0; one instanceof Error && depth < 5; one = one.cause, depth++) {
    if (isMillraceError(one) && connectCodes.has(one.code)) remedy = one.remedy
  }
  const { retriable, remedy: usual } = kafkaErrors.KAFKA_TIMEOUT
  return new MillraceError('KAFKA_TIMEOUT', message, { retriable, remedy: remedy ?? usual, cause })
}

const connectCodes = new Set(['KAFKA_CONNECT_FAILED', 'KAFKA_HUNG_UP'])

/** The broker's error code behind an error, or undefined when it did not come from a broker. */
export function errorCodeOf(error: unknown): number | undefined {
  const errorCode = isMillraceError(error) ? error.fields.errorCode : undefined
  return typeof errorCode === 'number' ? errorCode : undefined
}

export function isRetriable(error: unknown): boolean {
  return isMillraceError(error) && error.retriable
}

/** True when the connection, not the broker, failed: whether the request took effect is unknown. */
export function isConnectionError(error: unknown): boolean {
  return isMillraceError(error) && connectionCodes.has(error.code)
}

const connectionCodes = new Set([...connectCodes, 'KAFKA_DISCONNECTED', 'KAFKA_TIMEOUT'])

/** Codes that mean: this node does not lead the partition (any more); ask for metadata again. */
export const staleMetadataCodes: ReadonlySet<number> = new Set([
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.LISTENER_NOT_FOUND,
  ErrorCode.OFFSET_NOT_AVAILABLE,
])

/** Codes that mean: this node is not the coordinator (any more); look it up again. */
export const staleCoordinatorCodes: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])
