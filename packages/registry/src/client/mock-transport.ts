import type { SchemaReference } from './schema.ts'
import type { RegistryRequest, RegistryResponse, RegistryTransport } from './transport.ts'

interface StoredSchema {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly SchemaReference[]
}

/** By the scope that stands in the URL, as long as the process lives: what one client registers, all of them find. */
const scopes = new Map<string, MockRegistry>()

/**
 * A registry in this process, for tests: `mock://scope`, as other clients of registries name it. It answers at once, so that
 * the topology test driver can run on it, and checks no compatibility.
 */
export function mockTransport(url: URL): RegistryTransport {
  const scope = url.host
  const registry = scopes.get(scope) ?? new MockRegistry()
  scopes.set(scope, registry)
  return { send: (request) => registry.answer(request) }
}

class MockRegistry {
  readonly #schemas: StoredSchema[] = []
  readonly #ids = new Map<string, number>()
  readonly #subjects = new Map<string, number[]>()

  answer({ method, path, body }: RegistryRequest): RegistryResponse {
    const [first, second = '', third, fourth] = path
      .split('?')[0]!
      .split('/')
      .slice(1)
      .map((part) => decodeURIComponent(part))
    if (first === 'schemas') return this.#byId(Number(third))
    if (second === '') return { status: 200, body: [...this.#subjects.keys()] }
    if (method === 'GET') return this.#version(second, fourth!)
    return third === 'versions'
      ? this.#register(second, body as StoredSchema)
      : this.#lookUp(second, body as StoredSchema)
  }

  #byId(id: number): RegistryResponse {
    const found = this.#schemas[id - 1]
    return found ? { status: 200, body: found } : refused(404, 40403, 'Schema not found')
  }

  #register(subject: string, schema: StoredSchema): RegistryResponse {
    const content = JSON.stringify(schema)
    let id = this.#ids.get(content)
    if (id === undefined) {
      id = this.#schemas.push(schema)
      this.#ids.set(content, id)
    }
    const versions = this.#subjects.get(subject) ?? []
    this.#subjects.set(subject, versions)
    if (!versions.includes(id)) versions.push(id)
    return { status: 200, body: { id } }
  }

  #lookUp(subject: string, schema: StoredSchema): RegistryResponse {
    const versions = this.#subjects.get(subject)
    if (versions === undefined) return refused(404, 40401, `Subject '${subject}' not found.`)
    const version = versions.indexOf(this.#ids.get(JSON.stringify(schema)) ?? -1) + 1
    return version > 0 ? this.#version(subject, String(version)) : refused(404, 40403, 'Schema not found')
  }

  #version(subject: string, asked: string): RegistryResponse {
    const versions = this.#subjects.get(subject)
    if (versions === undefined) return refused(404, 40401, `Subject '${subject}' not found.`)
    const version = asked === 'latest' ? versions.length : Number(asked)
    const id = versions[version - 1]
    if (id === undefined) return refused(404, 40402, `Version ${asked} not found.`)
    return { status: 200, body: { ...this.#schemas[id - 1], subject, version, id } }
  }
}

function refused(status: number, code: number, message: string): RegistryResponse {
  return { status, body: { error_code: code, message } }
}
