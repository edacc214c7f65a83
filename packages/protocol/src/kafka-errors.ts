import { ErrorCode, retriableErrorCodes } from './error-codes.ts'

/** What a Kafka error code stands for. */
export interface KafkaErrorDescription {
  readonly code: number
  /** Kafka's name, for example `NOT_LEADER_OR_FOLLOWER`. */
  readonly name: string
  readonly retriable: boolean
  /** The name in words. */
  readonly message: string
}

const byCode = new Map<number, KafkaErrorDescription>()

function describe(code: number, name: string): KafkaErrorDescription {
  const words = name.toLowerCase().replaceAll('_', ' ')
  return { code, name, retriable: retriableErrorCodes.includes(code), message: words }
}

/** Describes a code of any broker; one that this table does not know becomes `UNKNOWN_ERROR_<code>`, not retriable. */
export function kafkaErrorByCode(code: number): KafkaErrorDescription {
  if (byCode.size === 0) {
    for (const [name, known] of Object.entries(ErrorCode)) byCode.set(known, describe(known, name))
  }
  return byCode.get(code) ?? describe(code, `UNKNOWN_ERROR_${code}`)
}
