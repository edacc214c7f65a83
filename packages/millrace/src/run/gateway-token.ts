import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { LoadedConfig } from '../config/load-config.ts'
import { millraceError } from '../errors.ts'

/** What requests to the gateway must carry; undefined: nothing. @throws CONFIG_INVALID */
export async function gatewayToken({ settings, directory }: LoadedConfig): Promise<string | undefined> {
  const { gatewayToken: token, gatewayTokenFile: file } = settings
  if (file.value === undefined) return nonEmpty(token.value, 'MILLRACE_GATEWAY_TOKEN')
  // A path of the configuration is relative to it, one from outside to where the command runs.
  const path = resolve(file.origin === 'config' || file.origin === '.env' ? directory : '.', file.value)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError('CONFIG_INVALID', `the gateway's token cannot be read from ${path}`, { path }, error)
  }
  return nonEmpty(text.trim(), path)
}

/** An empty token would be one that everybody knows. */
function nonEmpty(token: string | undefined, from: string): string | undefined {
  if (token === undefined || token !== '') return token
  throw millraceError('CONFIG_INVALID', `the gateway's token in ${from} is empty`)
}
