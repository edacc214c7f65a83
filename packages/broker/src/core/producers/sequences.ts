/** Sequence numbers are int32 and start over at 0 after this one. */
export const maxSequence = 0x7fffffff

/** The sequence `by` records after `sequence`. */
export function addToSequence(sequence: number, by: number): number {
  return sequence > maxSequence - by ? by - (maxSequence - sequence) - 1 : sequence + by
}

export function follows(lastSequence: number, nextSequence: number): boolean {
  return nextSequence === lastSequence + 1 || (nextSequence === 0 && lastSequence === maxSequence)
}
