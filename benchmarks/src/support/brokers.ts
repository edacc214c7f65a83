import { join } from 'node:path'
import { startApacheKafka } from '@millrace/conformance/kafka'
import { startChild } from './child.ts'
import { temporaryFolder } from './folders.ts'
import { millraceProgram } from './published.ts'

/** A broker in a process of its own. */
export interface RunningBroker extends AsyncDisposable {
  readonly brokers: string
  readonly pid: number
}

/** `millrace broker` with its log on disk in a temporary folder, or with everything in memory. */
export async function startEmbedded(
  options: { readonly memory?: boolean; readonly nodeArguments?: readonly string[] } = {},
): Promise<RunningBroker> {
  const folder = await temporaryFolder('broker')
  const where = options.memory ? ['--memory'] : ['--data', join(folder.path, 'data')]
  const program = [...(options.nodeArguments ?? []), ...(await millraceProgram(folder.path))]
  const child = startChild(process.execPath, [...program, 'broker', '--port', '0', ...where])
  const close = async (): Promise<void> => {
    await child.close()
    await folder[Symbol.asyncDispose]()
  }
  try {
    const [, brokers = ''] = await child.line(/^listening on (\S+)/)
    return { brokers, pid: child.pid, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

export function startKafka(): Promise<RunningBroker> {
  return startApacheKafka()
}
