import type { StartStreamsOptions } from '@millrace/streams'
import type { BankArgs } from './bank-app.ts'
import type { IsolateMemory } from './isolate-memory.ts'

export interface InstanceOptions {
  readonly args: BankArgs
  readonly port: number
  readonly token: string
  readonly streams: Pick<
    StartStreamsOptions,
    | 'brokers'
    | 'stateDir'
    | 'threads'
    | 'numStandbyReplicas'
    | 'groupInstanceId'
    | 'commitIntervalMs'
    | 'processingGuarantee'
    | 'windowChangelogExtraMs'
    | 'internalTopicConfig'
    | 'limits'
  >
}

/** Moments at which a kill hits what a random one rarely does. */
export const moments = ['committing', 'committed', 'restoring', 'following', 'rebalancing'] as const
export type Moment = (typeof moments)[number]

export type Line =
  | { readonly state: string }
  | { readonly failure: string }
  | { readonly listening: string }
  | { readonly dying: Moment }
  | { readonly memory: IsolateMemory }
/** `nth`: so many such moments pass by first. */
export type Command = { readonly dieWhile: Moment; readonly nth: number } | { readonly tellMemory: true }
