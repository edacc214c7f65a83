import { Command, InvalidArgumentError } from 'commander'
import { count, daily } from './daily-flags.ts'

const topicHelp = 'a dead-letter topic, or the topic that it belongs to'
const positionHelp = 'partition:offset, as "dlq list" prints it'

function rate(value: string): number {
  const number = Number(value)
  if (!(number > 0)) throw new InvalidArgumentError('a number above 0')
  return number
}

/** Which letters, and on whose behalf. */
function aboutLetters(command: Command): Command {
  return command
    .argument('<topic>', topicHelp)
    .argument('[positions...]', positionHelp)
    .option('--cause <id...>', 'those with these causes, as "dlq list" prints them')
    .option('--all', 'all that are open')
    .option('--max <n>', 'at most this many, the oldest events first', count, 100_000)
    .option('--by <name>', 'who does it, for the audit trail; default: user and machine')
    .option('--yes', 'do it')
}

/** The desk for dead letters. */
export function dlqCommand(): Command {
  return new Command('dlq')
    .description('dead letters: records that could not be processed, why, and their way back')
    .addCommand(
      daily('list', 'causes of dead letters, or the dead letters of one topic')
        .argument('[topic]', topicHelp)
        .option('--cause <id...>', 'only these causes')
        .option('--all', 'those that something was done about too')
        .option('--max <n>', 'at most this many', count, 100)
        .action(async (topic, flags) => (await import('./commands/dlq/list.ts')).listDeadLetters(topic, flags)),
    )
    .addCommand(
      daily('show', 'one dead letter with its payload, its cause and what was done with it')
        .argument('<topic>', topicHelp)
        .argument('<position>', positionHelp)
        .option('--contracts <file>', 'module that exports contracts, to decode key and value with')
        .action(async (topic, position, flags) =>
          (await import('./commands/dlq/show.ts')).showDeadLetter(topic, position, flags),
        ),
    )
    .addCommand(
      daily(
        'edit',
        'puts a changed copy in the place of a dead letter; opens the value in EDITOR unless told what to change',
      )
        .argument('<topic>', topicHelp)
        .argument('<position>', positionHelp)
        .option('--value <text>', 'the new value')
        .option('--value-file <path>', 'the new value, from a file')
        .option('--tombstone', 'no value any more')
        .option('--key <text>', 'the new key')
        .option('--header <name=value...>', 'headers to set')
        .option('--remove-header <name...>', 'headers to leave out')
        .option('--contracts <file>', 'module that exports contracts, to check and encode key and value with')
        .option('--by <name>', 'who does it, for the audit trail; default: user and machine')
        .action(async (topic, position, flags) =>
          (await import('./commands/dlq/edit.ts')).editDeadLetter(topic, position, flags),
        ),
    )
    .addCommand(
      aboutLetters(
        daily('redrive', 'sends dead letters back to where they came from, each once; previews unless --yes'),
      )
        .option('--rate <n>', 'at most this many a second', rate)
        .option('--to <topic>', 'to this topic instead')
        .option('--every-reader', 'for every reader of the topic, not only for the application that gave them up')
        .option('--skip-superseded', 'leave those whose key has later records that were applied already')
        .option('--no-successors', 'do not read on behind each letter for later records of its key')
        .action(async (topic, positions, flags) =>
          (await import('./commands/dlq/redrive.ts')).redriveDeadLetters(topic, positions, flags),
        ),
    )
    .addCommand(
      aboutLetters(daily('discard', 'notes that dead letters need nothing any more; previews unless --yes'))
        .option('--reason <text>', 'why, for the audit trail')
        .action(async (topic, positions, flags) =>
          (await import('./commands/dlq/discard.ts')).discardDeadLetters(topic, positions, flags),
        ),
    )
    .addCommand(
      daily('audit', 'who did what with which dead letters')
        .argument('<topic>', topicHelp)
        .option('--max <n>', 'at most this many, the latest', count, 100)
        .action(async (topic, flags) => (await import('./commands/dlq/audit.ts')).auditDeadLetters(topic, flags)),
    )
}
