import { readFileSync } from 'node:fs'
import { isMillraceError } from '@millrace/base'
import { Command, CommanderError } from 'commander'
import { dailyCommands } from './daily-commands.ts'
import { printError } from './output.ts'
import { runtimeCommands } from './runtime-commands.ts'

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

/** Builds the whole command line; commands load their code when they run, so that each starts quickly. */
export function buildProgram(): Command {
  const program = new Command('millrace')
    .description('Data consistency for TypeScript microservices, with Kafka as the log')
    .version(version())
    .showHelpAfterError('(see --help)')
    .exitOverride()
  for (const command of [...runtimeCommands(), ...dailyCommands()]) program.addCommand(command)
  passOn(program)
  return program
}

/** What is said of errors holds for the commands below commands too; adding one does not do that. */
function passOn(parent: Command): void {
  for (const command of parent.commands) passOn(command.copyInheritedSettings(parent))
}

/** Exit status: 0 only where the work was done, 1 for a failure, 2 for a command line that cannot be used. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return
    }
    printError(error)
    process.exitCode = isMillraceError(error) && error.code === 'USAGE' ? 2 : 1
  }
}
