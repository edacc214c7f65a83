import type { Awaitable } from './awaitable.ts'

export interface RegistryRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With query, escaped. */
  readonly path: string
  readonly body?: unknown
}

export interface RegistryResponse {
  readonly status: number
  /** Parsed JSON; undefined where it was none. */
  readonly body: unknown
}

/** Takes a request to a registry and brings the answer. Rejects with REGISTRY_UNREACHABLE. */
export interface RegistryTransport {
  send(request: RegistryRequest): Awaitable<RegistryResponse>
  close?(): void
}
