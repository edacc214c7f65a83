import { Desk, LetterBox, selectLetters } from '@millrace/connect/internal'
import { millraceError } from '../../../errors.ts'
import { withKafka } from '../../kafka.ts'
import { counted, printJson } from '../../output.ts'
import { type SelectionFlags, selectionOf } from './redrive.ts'
import { requireTopic } from './topics.ts'

/** `millrace dlq discard`: notes that letters need nothing any more; previews unless `--yes`. */
export async function discardDeadLetters(
  topic: string,
  positions: readonly string[],
  flags: SelectionFlags & { readonly reason?: string },
): Promise<void> {
  const wanted = selectionOf(positions, flags)
  await withKafka(flags, async (client) => {
    const name = await requireTopic(client, topic)
    if (!flags.yes) {
      const { letters } = await selectLetters(await LetterBox.open(client, name), wanted)
      const what = `this would discard ${counted(letters.length, 'letter')} of ${name}`
      throw millraceError('CONFIRMATION_NEEDED', what, { topic: name })
    }
    await using desk = await Desk.open(client, name, flags.by)
    const { letters, missed } = await selectLetters(desk.box, wanted)
    const discarded = await desk.discard(letters, flags.reason)
    if (flags.json) printJson({ discarded, missed })
    else console.log(`${counted(discarded, 'letter')} discarded`)
  })
}
