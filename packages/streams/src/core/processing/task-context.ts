import { streamsError } from '../../errors.ts'
import type { AskedByKind } from '../dsl/type-misuse.ts'
import { type ProcessorSetup, settled } from '../processor.ts'
import { openAccess } from '../stores/open-access.ts'
import { DeclaredStore } from '../stores/store-builders.ts'
import type { ProcessingContext, SourceOfRecord } from './processor-api.ts'
import type { Cancellable, PunctuationOptions, Punctuator } from './punctuations.ts'

/** What code of the user's is given for as long as its task runs. */
export class TaskContext implements ProcessingContext {
  protected readonly setup: ProcessorSetup
  readonly #stores: readonly string[]

  constructor(setup: ProcessorSetup, stores: readonly string[]) {
    this.setup = setup
    this.#stores = stores
  }

  get applicationId(): string {
    return this.setup.task.applicationId
  }

  get taskId(): string {
    return this.setup.task.id
  }

  get source(): SourceOfRecord | undefined {
    const { topic, partition, offset } = this.setup.context
    return topic === '' ? undefined : { topic, partition, offset }
  }

  get streamTimeMs(): number {
    return this.setup.task.streamTimeMs
  }

  get wallClockMs(): number {
    return this.setup.task.wallClockMs
  }

  store<S>(wanted: string | object): AskedByKind<S> {
    const name = wanted instanceof DeclaredStore ? wanted.name : String(wanted)
    const { node } = this.setup
    if (!this.#stores.includes(name)) {
      const global = this.setup.globalView(name)
      if (global !== undefined && typeof wanted === 'string') return global as AskedByKind<S>
      if (global !== undefined) {
        const message = `${node} reads the global store '${name}' by its name: what declared it is for the processor that fills it`
        throw streamsError('STREAMS_STORE_NOT_CONNECTED', message, { node, store: name })
      }
      const message = `${node} is not connected to store '${name}', only to ${this.#stores.join(', ') || 'none'}`
      throw streamsError('STREAMS_STORE_NOT_CONNECTED', message, { node, store: name })
    }
    const open = wanted instanceof DeclaredStore ? wanted.open : undefined
    return (open?.(this.setup) ?? openAccess(this.setup.specOf(name), this.setup)) as AskedByKind<S>
  }

  schedule(options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    const { node, task } = this.setup
    return task.schedule(node, options, (timestampMs) => void settled(punctuator(timestampMs), node))
  }

  commit(): void {
    this.setup.task.requestCommit()
  }
}
