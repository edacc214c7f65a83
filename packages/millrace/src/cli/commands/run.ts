import { loadConfig } from '../../config/load-config.ts'
import { millraceError } from '../../errors.ts'
import { type Part, parts, runConfig } from '../../run/run-config.ts'
import { untilShutdown } from '../shutdown.ts'

interface RunFlags extends Readonly<Record<string, string | readonly string[] | undefined>> {
  readonly only?: readonly string[]
}

/** `millrace run`: what a configuration names, against Kafka. Prints `gateway listening on URL` once it serves. */
export async function runCommand(path: string | undefined, flags: RunFlags): Promise<void> {
  const stop = untilShutdown()
  const { only, ...settings } = flags
  const loaded = await loadConfig({ path, flags: settings as Record<string, string | undefined> })
  await using running = await runConfig(loaded, {
    ...(only && { only: only.map(checkedPart) }),
    onEvent: (text) => console.log(text),
  })
  console.log(`gateway listening on ${running.gateway.url}`)
  await Promise.race([stop, running.failed])
}

function checkedPart(text: string): Part {
  if ((parts as readonly string[]).includes(text)) return text as Part
  throw millraceError('USAGE', `--only takes ${parts.join(', ')}, not "${text}"`)
}
