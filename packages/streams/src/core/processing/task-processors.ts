import { type Clock, isMillraceError } from '@millrace/base'
import { streamsError } from '../../errors.ts'
import type { TaskFacilities } from '../processor.ts'
import type { TaskRecordContext } from '../record-context.ts'
import type { TaskId } from '../topology/plan.ts'
import { taskIdText } from '../topology/plan.ts'
import { type Cancellable, type PunctuationOptions, Punctuations, type Punctuator } from './punctuations.ts'

interface Hooks {
  readonly start: () => void
  readonly stop: () => void
}

interface TaskProcessorsOptions {
  readonly applicationId: string
  readonly taskId: TaskId
  readonly context: TaskRecordContext
  readonly clock: Clock
  readonly onFailure: ((error: unknown) => void) | undefined
}

/**
 * The processors of one task that have a beginning and an end, and their punctuations. They begin with the first call to
 * the task after its stores are restored, so that a processor reads in its beginning what it left behind.
 */
export class TaskProcessors implements TaskFacilities {
  readonly applicationId: string
  readonly id: string
  readonly context: TaskRecordContext
  readonly punctuations = new Punctuations()
  /** The greatest timestamp of the task so far; -1 before the first record. */
  streamTimeMs = -1
  isCommitRequested = false
  readonly #clock: Clock
  readonly #onFailure: (error: unknown) => void
  readonly #hooks: Hooks[] = []
  #started = 0

  constructor({ applicationId, taskId, context, clock, onFailure = () => {} }: TaskProcessorsOptions) {
    this.applicationId = applicationId
    this.id = taskIdText(taskId)
    this.context = context
    this.#clock = clock
    this.#onFailure = onFailure
  }

  get wallClockMs(): number {
    return this.#clock.now()
  }

  /** Whether there is nothing to begin, or all of it has begun. */
  get isStarted(): boolean {
    return this.#started === this.#hooks.length
  }

  isDue(wallClockMs: number): boolean {
    const { punctuations, streamTimeMs } = this
    return (
      punctuations.nextWallClockMs <= wallClockMs ||
      (streamTimeMs >= 0 && punctuations.nextStreamTimeMs <= streamTimeMs)
    )
  }

  onStart(start: () => void, stop: () => void): void {
    this.#hooks.push({ start, stop })
  }

  schedule(node: string, options: PunctuationOptions, punctuator: Punctuator): Cancellable {
    return this.punctuations.schedule(node, options, punctuator, this)
  }

  requestCommit(): void {
    this.isCommitRequested = true
  }

  /** @throws STREAMS_PROCESS_FAILED */
  start(): void {
    try {
      while (this.#started < this.#hooks.length) this.#hooks[this.#started++]!.start()
    } catch (error) {
      if (isMillraceError(error)) throw error
      const reason = error instanceof Error ? error.message : String(error)
      const message = `a processor of task ${this.id} cannot begin: ${reason}`
      throw streamsError('STREAMS_PROCESS_FAILED', message, { task: this.id }, error)
    }
  }

  /** Ends all that have begun. One that fails to is told about, and keeps neither the others nor the stores from closing. */
  stop(): void {
    this.punctuations.clear()
    this.isCommitRequested = false
    for (; this.#started > 0; this.#started--) {
      try {
        this.#hooks[this.#started - 1]!.stop()
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }
}
