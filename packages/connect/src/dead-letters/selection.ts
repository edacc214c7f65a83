import type { Letter, LetterBox } from './letters.ts'

/** Which letters a command is about; without any restriction, all that are open. */
export interface LetterSelection {
  /** Ids of causes. */
  readonly causes?: readonly string[]
  readonly positions?: readonly { readonly partition: number; readonly offset: number }[]
  /** At most so many, the oldest events first. */
  readonly max: number
}

/** What is kept of a selected letter: its bytes stay in the topic until they are needed. */
export interface SelectedLetter {
  readonly partition: number
  readonly offset: number
  readonly bytes: number
  /** Null where the record has no key, and nothing to be in order with. */
  readonly key: string | null
  readonly firstOrigin: Letter['firstOrigin']
  readonly cause: Letter['cause']
}

export interface SelectedLetters {
  /** In the order of their events. */
  readonly letters: readonly SelectedLetter[]
  /** Open, selected, but over `max`. */
  readonly left: number
  /** Of the given positions: those where no open letter lies, and what lies there. */
  readonly missed: readonly { readonly partition: number; readonly offset: number; readonly state: string }[]
  /**
   * Selected letters whose key has an older letter that is open and not selected: it would come after them when its turn
   * comes.
   */
  readonly outOfTurn: number
  /** Causes and how many of the selected letters have them. */
  readonly causes: ReadonlyMap<string, { readonly cause: Letter['cause']; readonly letters: number }>
}

function place({ partition, offset }: { readonly partition: number; readonly offset: number }): string {
  return `${partition}:${offset}`
}

export function byOrigin(
  a: { readonly firstOrigin: Letter['firstOrigin'] },
  b: { readonly firstOrigin: Letter['firstOrigin'] },
): number {
  const [x, y] = [a.firstOrigin, b.firstOrigin]
  return x.topic < y.topic ? -1 : x.topic > y.topic ? 1 : x.partition - y.partition || x.offset - y.offset
}

/** Reads all letters and picks those that are open and meant. */
export async function selectLetters(box: LetterBox, selection: LetterSelection): Promise<SelectedLetters> {
  const causes = selection.causes && new Set(selection.causes)
  const positions = selection.positions && new Map(selection.positions.map((at) => [place(at), 'no letter']))
  const selected: SelectedLetter[] = []
  const others: SelectedLetter[] = []
  for await (const letter of box.letters()) {
    if (positions?.has(place(letter.record))) positions.set(place(letter.record), letter.state)
    if (letter.state !== 'open') continue
    const isMeant = (!causes || causes.has(letter.cause.id)) && (!positions || positions.has(place(letter.record)))
    ;(isMeant ? selected : others).push(summary(letter))
  }
  selected.sort(byOrigin)
  const rest = selected.splice(selection.max)
  const counts = new Map<string, { cause: Letter['cause']; letters: number }>()
  for (const { cause } of selected) {
    const group = counts.get(cause.id) ?? { cause, letters: 0 }
    group.letters++
    counts.set(cause.id, group)
  }
  return {
    letters: selected,
    left: rest.length,
    missed: (selection.positions ?? [])
      .map((at) => ({ ...at, state: positions?.get(place(at)) ?? '' }))
      .filter(({ state }) => state !== 'open'),
    outOfTurn: countOutOfTurn(selected, others),
    causes: counts,
  }
}

function summary({ record, firstOrigin, cause }: Letter): SelectedLetter {
  const { partition, offset, key, value, headers } = record
  const bytes = headers.reduce((sum, header) => sum + header.key.length + (header.value?.length ?? 0), 64)
  return {
    partition,
    offset,
    bytes: bytes + (key?.length ?? 0) + (value?.length ?? 0),
    key: key === null ? null : key.toString('latin1'),
    firstOrigin,
    cause,
  }
}

function countOutOfTurn(selected: readonly SelectedLetter[], others: readonly SelectedLetter[]): number {
  const oldest = new Map<string, SelectedLetter>()
  const lane = ({ key, firstOrigin }: SelectedLetter): string => `${firstOrigin.topic}/${firstOrigin.partition}/${key}`
  for (const other of others) {
    const known = oldest.get(lane(other))
    if (other.key !== null && (!known || byOrigin(other, known) < 0)) oldest.set(lane(other), other)
  }
  return selected.filter((letter) => {
    const before = letter.key === null ? undefined : oldest.get(lane(letter))
    return before !== undefined && byOrigin(before, letter) < 0
  }).length
}
