import { pathToFileURL } from 'node:url'
import { isMillraceError } from '@millrace/base'
import type { Topology } from '@millrace/streams'
import { millraceError } from '../errors.ts'

/**
 * Loads an application module and builds its topology.
 * @throws APP_INVALID when it does not load or does not export a function that returns a topology.
 */
export async function loadTopology(path: string): Promise<Topology> {
  let loaded: { default?: unknown }
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown }
  } catch (error) {
    throw millraceError('APP_INVALID', `${path} does not load`, { path }, error)
  }
  // A CommonJS project wraps the default export once more.
  const exported = loaded.default
  const build = typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported
  if (typeof build !== 'function') {
    throw millraceError('APP_INVALID', `${path} has no default export that is a function`, { path })
  }
  let topology: unknown
  try {
    topology = (build as () => unknown)()
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw millraceError('APP_INVALID', `the function that ${path} exports throws`, { path }, error)
  }
  if (typeof topology !== 'object' || topology === null || 'then' in topology) {
    throw millraceError('APP_INVALID', `the function that ${path} exports does not return a topology`, { path })
  }
  return topology as Topology
}
