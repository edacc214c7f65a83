import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Desk, type Letter, type LetterEdit } from '@millrace/connect/internal'
import { millraceError } from '../../../errors.ts'
import { type DailyFlags, withKafka } from '../../kafka.ts'
import { printJson } from '../../output.ts'
import { pairs } from '../../pairs.ts'
import { loadPayloads, type Payloads } from './contracts.ts'
import { parsePosition, requireTopic } from './topics.ts'

interface EditFlags extends DailyFlags {
  readonly key?: string
  readonly value?: string
  readonly valueFile?: string
  readonly tombstone?: boolean
  readonly header?: readonly string[]
  readonly removeHeader?: readonly string[]
  readonly contracts?: string
  readonly by?: string
}

/**
 * `millrace dlq edit`: a changed copy takes the letter's place; the letter itself stays as evidence. Without a flag that
 * changes something, the value opens in `$VISUAL` or `$EDITOR`.
 */
export async function editDeadLetter(topic: string, position: string, flags: EditFlags): Promise<void> {
  const at = parsePosition(position)
  const payloads = await loadPayloads(flags.contracts)
  await withKafka(flags, async (client) => {
    const name = await requireTopic(client, topic)
    await using desk = await Desk.open(client, name, flags.by)
    const letter = await desk.letter(at)
    const edit = await editOf(letter, flags, payloads)
    const copy = await desk.edit(letter, edit)
    const place = `${copy.partition}:${copy.offset}`
    if (flags.json) printJson({ topic: name, edited: position, position: place })
    else console.log(`the changed letter is ${name} ${place}; send it with "millrace dlq redrive ${topic} ${place}"`)
  })
}

/** @throws USAGE where nothing would change, or the contract refuses what was given */
async function editOf(letter: Letter, flags: EditFlags, payloads: Payloads): Promise<LetterEdit> {
  const origin = letter.firstOrigin.topic
  const write = async (part: 'key' | 'value', text: string): Promise<Buffer> => {
    try {
      return await payloads.write(origin, part, text)
    } catch (error) {
      throw millraceError('USAGE', `the contract of ${origin} refuses the ${part}`, { topic: origin }, error)
    }
  }
  const values = [flags.value, flags.valueFile, flags.tombstone].filter((given) => given !== undefined)
  if (values.length > 1) throw millraceError('USAGE', 'give one of --value, --value-file and --tombstone')
  const isNothing = values.length === 0 && !flags.key && !flags.header && !flags.removeHeader
  const text = isNothing
    ? await fromEditor(letter, payloads)
    : flags.valueFile
      ? readText(flags.valueFile)
      : flags.value
  return {
    ...(flags.key !== undefined && { key: await write('key', flags.key) }),
    ...(text !== undefined && { value: await write('value', text) }),
    ...(flags.tombstone && { value: null }),
    ...(flags.header && { headers: pairs(flags.header) }),
    ...(flags.removeHeader && { withoutHeaders: flags.removeHeader }),
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}

async function fromEditor(letter: Letter, payloads: Payloads): Promise<string> {
  const editor = process.env.VISUAL ?? process.env.EDITOR
  if (editor === undefined || !process.stdin.isTTY) {
    throw millraceError(
      'USAGE',
      'say what to change: --value, --value-file, --tombstone, --key, --header, or set EDITOR',
    )
  }
  const { value } = await payloads.read(letter.firstOrigin.topic, 'value', letter.record.value)
  const before = typeof value === 'string' ? value : JSON.stringify(value, bigintAsText, 2)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-letter-'))
  try {
    const path = join(folder, 'value.json')
    writeFileSync(path, before)
    const { status } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' })
    const after = readFileSync(path, 'utf8')
    if (status !== 0 || after === before) throw millraceError('USAGE', 'nothing was changed in the editor')
    return compact(after)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function bigintAsText(_: string, item: unknown): unknown {
  return typeof item === 'bigint' ? item.toString() : item
}

/** Indented for the editor only. */
function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}
