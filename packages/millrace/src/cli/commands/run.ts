import { loadConfig } from '../../config/load-config.ts'
import { millraceError } from '../../errors.ts'
import { type Part, parts, runConfig } from '../../run/run-config.ts'
import { untilShutdown } from '../../supervise/until-shutdown.ts'

interface RunFlags extends Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  readonly only?: readonly string[]
  readonly dotenv?: boolean
  readonly ownBroker?: boolean
}

/**
 * `millrace run`: what a configuration names, against Kafka. Prints `gateway listening on URL` once it serves.
 *
 * What passes by itself (a database or a broker that is away) is waited for: the process stays, `/readyz` says why, and the
 * reason is printed once. What only people can mend ends the process with status 1, after the rest has been stopped in order:
 * a supervisor then sees it, which it would not in a process that goes on with a part of its work missing.
 */
export async function runCommand(
  path: string | undefined,
  flags: RunFlags,
  more: readonly string[] = [],
): Promise<void> {
  const stop = untilShutdown()
  const { only, dotenv = false, ownBroker = false, ...settings } = flags
  const loaded = await loadConfig({
    path,
    more,
    flags: settings as Record<string, string | boolean | undefined>,
    dotenv,
  })
  for (const note of loaded.notes) console.log(note)
  await using running = await runConfig(loaded, {
    ...(only && { only: only.map(checkedPart) }),
    ownBroker,
    onEvent: (text) => console.log(text),
  })
  console.log(`gateway listening on ${running.gateway.url}`)
  await Promise.race([stop, running.failed])
}

function checkedPart(text: string): Part {
  if ((parts as readonly string[]).includes(text)) return text as Part
  throw millraceError('USAGE', `--only takes ${parts.join(', ')}, not "${text}"`)
}
