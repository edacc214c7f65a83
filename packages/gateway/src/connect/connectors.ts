import {
  type ConnectorInfo,
  type ConnectorOffset,
  type ConnectorStateInfo,
  type ConnectWorker,
  connectError,
} from '@millrace/connect/internal'
import { gatewayError } from '../errors.ts'

/** A source or sink that is declared in code. */
export interface ConnectorReport {
  readonly name: string
  readonly type: 'source' | 'sink'
  readonly state: string
  readonly details: Readonly<Record<string, unknown>>
}

/** What the gateway shows and manages: the worker's connectors, and those that a configuration in code declares. */
export interface ConnectContent {
  connectors(): readonly ConnectorReport[]
  /** Where a declared one stands. */
  offsetsOf?(name: string): Promise<readonly ConnectorOffset[]>
  /** Undefined while it starts, and where there is none. */
  connect?(): ConnectWorker | undefined
}

/** Both kinds of connectors under one set of names; where a name is both, the declared one is shown. */
export class Connectors {
  readonly #content: ConnectContent
  readonly #workerId: () => string

  constructor(content: ConnectContent, workerId: () => string) {
    this.#content = content
    this.#workerId = workerId
  }

  /** @throws GATEWAY_NO_CONNECT */
  get worker(): ConnectWorker {
    const worker = this.#content.connect?.()
    if (worker) return worker
    throw gatewayError('GATEWAY_NO_CONNECT', 'this process runs no Connect worker')
  }

  get hasWorker(): boolean {
    return this.#content.connect?.() !== undefined
  }

  names(): string[] {
    const declared = this.#content.connectors().map(({ name }) => name)
    return [...new Set([...declared, ...(this.#content.connect?.()?.names() ?? [])])]
  }

  declared(name: string): ConnectorReport | undefined {
    return this.#content.connectors().find((report) => report.name === name)
  }

  /** The worker, for what is asked of a connector by name. @throws CONNECT_CONNECTOR_DECLARED */
  workerFor(name: string): ConnectWorker {
    if (this.declared(name)) {
      const message = `${name} is declared in the configuration of this process and cannot be changed from here`
      throw connectError('CONNECT_CONNECTOR_DECLARED', message, { connector: name })
    }
    if (!this.hasWorker) {
      throw connectError('CONNECT_CONNECTOR_UNKNOWN', `Connector ${name} not found`, { connector: name })
    }
    return this.worker
  }

  info(name: string): ConnectorInfo {
    const declared = this.declared(name)
    if (!declared) return this.workerFor(name).info(name)
    const config = { name, 'connector.class': 'millrace' }
    return { name, config, tasks: [{ connector: name, task: 0 }], type: declared.type }
  }

  status(name: string): ConnectorStateInfo {
    const declared = this.declared(name)
    if (!declared) return this.workerFor(name).status(name)
    const { type, state, details } = declared
    const worker_id = this.#workerId()
    const error = details.error as { code: string; message: string; remedy: string } | undefined
    const trace = error && { trace: `${error.code}: ${error.message}\n${error.remedy}` }
    const task = { id: 0, state: connectState(state), worker_id, ...trace }
    return { name, connector: { state: 'RUNNING', worker_id }, tasks: [task], type }
  }

  offsets(name: string): Promise<readonly ConnectorOffset[]> {
    const ofDeclared = this.declared(name) && this.#content.offsetsOf
    return ofDeclared ? ofDeclared(name) : this.workerFor(name).offsets(name)
  }

  /** Records, lag, activity. */
  details(name: string): ConnectorReport | undefined {
    const declared = this.declared(name)
    if (declared) return declared
    const status = this.workerFor(name).details(name)
    if (!status) return undefined
    const { kind, state, ...details } = status
    return { name, type: kind, state, details }
  }
}

function connectState(state: string): 'RUNNING' | 'FAILED' | 'STOPPED' | 'UNASSIGNED' {
  if (state === 'running' || state === 'retrying') return 'RUNNING'
  if (state === 'failed') return 'FAILED'
  return state === 'stopped' ? 'STOPPED' : 'UNASSIGNED'
}
