import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseProperties } from '@millrace/base/internal'
import { millraceError } from '../errors.ts'
import { type WorkerConfig, workerConfig } from './worker-properties.ts'

/** Whether a file is what Kafka Connect's own scripts take, not a module. */
export function isProperties(path: string): boolean {
  return path.endsWith('.properties') || path.endsWith('.json')
}

/**
 * A configuration of files as they are brought along from Kafka Connect: a worker's properties, if the first file is that, and
 * connectors.
 *
 * @throws CONFIG_INVALID
 */
export async function propertyConfig(path: string, more: readonly string[]): Promise<WorkerConfig> {
  const first = path.endsWith('.json') ? { 'connector.class': '' } : await readProperties(path)
  const isWorker = first['connector.class'] === undefined
  const worker: WorkerConfig = isWorker
    ? workerConfig(path, first)
    : { config: { connect: { storage: 'memory' } }, notes: [] }
  const connectors = [...(isWorker ? [] : [path]), ...more].map((file) => resolve(file))
  const { config } = worker
  return { ...worker, config: { ...config, connect: { ...config.connect, connectors } } }
}

async function readProperties(path: string): Promise<Record<string, string>> {
  try {
    return parseProperties(await readFile(path, 'utf8'))
  } catch (error) {
    throw millraceError('CONFIG_INVALID', `${path} cannot be read`, { path }, error)
  }
}
