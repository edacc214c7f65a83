import { Digest, readCommitted } from './digest.ts'

/** Says what an application has written to its output, in a form that is the same for whoever did it right. */
export type ReadResult = (brokers: string, output: string) => Promise<string>

async function lastValues(brokers: string, output: string): Promise<ReadonlyMap<string, string>> {
  const last = new Map<string, string>()
  // One character for each byte: windowed keys are no text.
  await readCommitted(brokers, output, (key, value) => void last.set(String(key?.toString('latin1')), String(value)))
  return last
}

/** The last value of every key: updates in between differ with what caches hold back. */
export const finalValues: ReadResult = async (brokers, output) => {
  const digest = new Digest()
  for (const [key, value] of await lastValues(brokers, output)) digest.add(`${key} ${value}`)
  return `final values: ${digest}`
}

/** Every record, whatever their order. */
export const everyOutput: ReadResult = async (brokers, output) => {
  const digest = new Digest()
  await readCommitted(brokers, output, (key, value) => digest.add(`${key} ${value}`))
  return `outputs: ${digest}`
}
