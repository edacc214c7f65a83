import type { ConnectorStatus } from '../status.ts'

/** What people want of a connector (`org.apache.kafka.connect.runtime.TargetState`). */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

/** What a connector or task is, in the words of Kafka Connect's REST API. */
export type ConnectState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING'

/** One of them as `GET /connectors/<name>/status` shows it. */
export interface StateInfo {
  readonly state: ConnectState
  readonly worker_id: string
  /** What is wrong, with code and remedy. */
  readonly trace?: string
}

export interface ConnectorStateInfo {
  readonly name: string
  readonly connector: StateInfo
  readonly tasks: readonly (StateInfo & { readonly id: number })[]
  readonly type: 'source' | 'sink'
}

/** A runner's state in Connect's words. One that tries again is running: its task has not given up. */
export function connectStateOf({ state }: Pick<ConnectorStatus, 'state'>): ConnectState {
  switch (state) {
    case 'starting':
    case 'standby':
      return 'UNASSIGNED'
    case 'running':
    case 'retrying':
      return 'RUNNING'
    case 'failed':
      return 'FAILED'
    case 'stopped':
      return 'STOPPED'
    default:
      throw state satisfies never
  }
}

/** What a status says is wrong, as a stack trace would stand there in Kafka Connect. */
export function traceOf(error: ConnectorStatus['error']): string | undefined {
  return error && `${error.code}: ${error.message}\n${error.remedy}`
}
