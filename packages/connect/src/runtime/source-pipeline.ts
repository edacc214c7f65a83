import { deadLetterHeaders } from '@millrace/base/internal'
import type { ConnectRecord } from '../data/record.ts'
import { connectError } from '../errors.ts'
import { reportRecordError } from './diagnostics.ts'
import {
  type ErrorPolicy,
  PipelineFailure,
  type RecordPipeline,
  type RetryWindow,
  type SerializedRecord,
  serializeRecord,
} from './pipeline.ts'

export interface SourcePipelineParts {
  readonly name: string
  readonly pipeline: RecordPipeline
  readonly policy: ErrorPolicy
  /** Cleared by whoever knows that the source has got on: here a record that fails comes after others that do not, every time. */
  readonly retries: RetryWindow
  /** Called for each record that was refused and passed over. */
  readonly onRefused: (isDeadLetter: boolean) => void
}

/** A source's transforms and converters, and what becomes of the records that they refuse. */
export class SourcePipeline {
  readonly #parts: SourcePipelineParts

  constructor(parts: SourcePipelineParts) {
    this.#parts = parts
  }

  /**
   * The record as it goes to Kafka, its dead letter, or undefined where it goes nowhere.
   * @throws CONNECT_RECORD_REFUSED, CONNECT_RECORD_RETRIED
   */
  process(record: ConnectRecord): SerializedRecord | undefined {
    try {
      return serializeRecord(this.#parts.pipeline, record)
    } catch (error) {
      if (!(error instanceof PipelineFailure)) throw error
      return this.#refused(record, error)
    }
  }

  #refused(record: ConnectRecord, failure: PipelineFailure): SerializedRecord | undefined {
    const { name, policy, onRefused, retries } = this.#parts
    const { topic } = record
    retries.check(failure, `a record of ${name} for ${topic}`)
    if (policy.tolerance === 'none') {
      const message = `a record of ${name} for ${topic} was refused by ${failure.executingClass} (${failure.stage}): ${failure.message}`
      throw connectError('CONNECT_RECORD_REFUSED', message, { connector: name, topic, stage: failure.stage }, failure)
    }
    if (policy.log) {
      const { stage, executingClass } = failure
      reportRecordError({
        connector: name,
        topic,
        stage,
        executingClass,
        error: failure,
        ...(policy.logMessages && { record }),
      })
    }
    const { deadLetters } = policy
    onRefused(deadLetters !== undefined)
    if (!deadLetters) return undefined
    // Nothing of it is bytes yet, and what would make bytes of it may be what failed.
    return {
      topic: deadLetters.topic,
      partition: undefined,
      timestampMs: record.timestampMs,
      key: asJson(record.key.value),
      value: asJson(record.value.value),
      headers: deadLetters.contextHeaders
        ? deadLetterHeaders(
            {
              topic,
              partition: record.partition ?? -1,
              offset: -1,
              stage: failure.stage === 'TRANSFORMATION' ? 'process' : 'produce',
              error: failure.cause,
              application: name,
            },
            { stage: failure.stage, className: failure.executingClass },
          )
        : [],
    }
  }
}

function asJson(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return Buffer.from(value)
  try {
    return Buffer.from(JSON.stringify(value, plain))
  } catch {
    return Buffer.from(String(value))
  }
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
