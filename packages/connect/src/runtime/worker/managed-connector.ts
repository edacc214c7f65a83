import { isMillraceError, type MetricSample } from '@millrace/base'
import type { Properties } from '../../config/config-def.ts'
import type { ConnectorStatus, RunningConnector } from '../status.ts'
import type { BuiltConnector } from './build-connector.ts'
import { inProperties } from './property-remedies.ts'
import { type ConnectorStateInfo, connectStateOf, type StateInfo, type TargetState, traceOf } from './states.ts'

export interface ManagedConnectorParts {
  readonly name: string
  readonly type: 'source' | 'sink'
  readonly workerId: () => string
  readonly build: (properties: Properties) => Promise<BuiltConnector>
  /** Hides secrets in what people read. */
  readonly mask: (text: string) => string
  /** Called after anything has changed. */
  readonly changed: () => void
}

/** One connector of a worker with its single task: what is wanted of it, and what it does. */
export class ManagedConnector {
  readonly #parts: ManagedConnectorParts
  readonly type: 'source' | 'sink'
  properties: Properties
  target: TargetState
  #built: BuiltConnector | undefined
  #running: RunningConnector | undefined
  #failure: unknown
  #isClosed = false
  #work: Promise<void> = Promise.resolve()
  /** How often it was started; Kafka Connect's statuses carry the generation of the worker's group instead. */
  generation = 0

  constructor(parts: ManagedConnectorParts, properties: Properties, target: TargetState) {
    this.#parts = parts
    this.type = parts.type
    this.properties = properties
    this.target = target
  }

  /** Resolves once what is wanted has been begun, or has failed to begin: the status then says so. */
  apply(change: { readonly properties?: Properties; readonly target?: TargetState } = {}): Promise<void> {
    if (change.properties) this.properties = change.properties
    if (change.target) this.target = change.target
    return this.#next(async () => {
      await this.#stop()
      if (this.target === 'STARTED') await this.#start()
    })
  }

  /** Starts it anew where what kept it from starting may have passed, or its topics are others by now. */
  async refresh(): Promise<void> {
    if (this.target !== 'STARTED') return
    const mayHavePassed = isMillraceError(this.#failure) && this.#failure.retriable
    if (mayHavePassed || (await this.#built?.isOutdated().catch(() => false))) await this.apply()
  }

  /** For good. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#next(() => this.#stop())
  }

  /** Begins anew, unless it is stopped or paused. */
  restart(): Promise<void> {
    return this.apply()
  }

  /** Made anew where it is not running: for what is asked of a connector that is stopped. */
  async built(): Promise<BuiltConnector> {
    return this.#built ?? (await this.#parts.build(this.properties))
  }

  status(): ConnectorStateInfo {
    const { name } = this.#parts
    const connector = this.#state()
    const { target } = this
    // A connector that is stopped has no tasks; one that could not be made never had any.
    const tasks = target === 'STOPPED' || this.#failure !== undefined ? [] : [{ id: 0, ...this.#taskState() }]
    return { name, connector, tasks, type: this.type }
  }

  /** Records, lag and what it is doing. */
  details(): ConnectorStatus | undefined {
    const status = this.#running?.status()
    if (!status?.error) return status
    const message = this.#parts.mask(status.error.message)
    const remedy = inProperties(status.error.remedy)
    return { ...status, activity: this.#parts.mask(status.activity), error: { ...status.error, message, remedy } }
  }

  topics(): ReadonlySet<string> {
    return this.#running?.topics() ?? new Set()
  }

  forgetTopics(): void {
    this.#running?.forgetTopics()
  }

  metrics(): Iterable<MetricSample> {
    return this.#running?.metrics() ?? []
  }

  #state(): StateInfo {
    const worker_id = this.#parts.workerId()
    if (this.target !== 'STARTED') return { state: this.target, worker_id }
    if (this.#failure !== undefined)
      return { state: 'FAILED', worker_id, trace: this.#parts.mask(describe(this.#failure, this.#parts.name)) }
    return { state: this.#running ? 'RUNNING' : 'UNASSIGNED', worker_id }
  }

  #taskState(): StateInfo {
    const worker_id = this.#parts.workerId()
    if (this.target === 'PAUSED') return { state: 'PAUSED', worker_id }
    const status = this.#running?.status()
    if (!status) return { state: 'UNASSIGNED', worker_id }
    const trace = traceOf(status.error)
    return {
      state: connectStateOf(status),
      worker_id,
      ...(trace !== undefined && { trace: this.#parts.mask(inProperties(trace)) }),
    }
  }

  async #start(): Promise<void> {
    if (this.#isClosed) return
    this.generation++
    try {
      this.#built = await this.#parts.build(this.properties)
      this.#running = this.#built.run()
      this.#running.finished.then(this.#parts.changed, this.#parts.changed)
      this.#running.ready.then(this.#parts.changed, this.#parts.changed)
    } catch (error) {
      this.#failure = error
    }
  }

  async #stop(): Promise<void> {
    this.#failure = undefined
    const [running, built] = [this.#running, this.#built]
    this.#running = undefined
    this.#built = undefined
    await running?.close()
    built?.close()
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work).catch((error: unknown) => {
      this.#failure = error
    })
    this.#work = done.then(this.#parts.changed)
    return this.#work
  }
}

function describe(error: unknown, name: string): string {
  if (isMillraceError(error)) {
    return `${error.code}: ${error.message}\n${inProperties(error.remedy).replaceAll('<name>', name)}`
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
