import { createInterface } from 'node:readline'

/** The work's side of `runDriver`: says that it is ready, waits for `go`, prints what the work gave. */
export async function drive(work: () => Promise<Readonly<Record<string, number>>>): Promise<void> {
  const input = createInterface(process.stdin)[Symbol.asyncIterator]()
  console.log('ready')
  await input.next()
  console.log(JSON.stringify(await work()))
  // Its CPU time can be read for as long as the process stands.
  await input.next()
  process.exit()
}
