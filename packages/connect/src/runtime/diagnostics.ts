import { channel } from 'node:diagnostics_channel'
import type { PipelineStage } from './pipeline.ts'
import type { ConnectorStatus } from './status.ts'

const states = channel('millrace:connect:state')

/** Publishes a connector's status at every change of its state on `millrace:connect:state`. */
export function report(status: ConnectorStatus): void {
  if (states.hasSubscribers) states.publish(status)
}

const recordErrors = channel('millrace:connect:record-error')

/** A record that a connector passed over; `errors.log.enable` asks for it. */
export interface RecordErrorReport {
  readonly connector: string
  readonly topic: string
  /** Where it was read, by a sink. */
  readonly partition?: number
  readonly offset?: number
  readonly stage: PipelineStage
  readonly executingClass: string
  readonly error: Error
  /** Only with `errors.log.include.messages`. */
  readonly record?: unknown
}

/** Publishes it on `millrace:connect:record-error`. */
export function reportRecordError(refused: RecordErrorReport): void {
  if (recordErrors.hasSubscribers) recordErrors.publish(refused)
}

const notices = channel('millrace:connect:notice')

/** What people should know about a connector although it works: how it captures, what it had to give up. */
export interface ConnectorNotice {
  readonly connector: string
  readonly text: string
}

/** Publishes it on `millrace:connect:notice`. */
export function reportNotice(connector: string, text: string): void {
  if (notices.hasSubscribers) notices.publish({ connector, text } satisfies ConnectorNotice)
}
