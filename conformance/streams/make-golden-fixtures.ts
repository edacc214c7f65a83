import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fixturePath, fixtureText } from '../../packages/streams/test/golden/fixtures.ts'
import { groups } from '../../packages/streams/test/golden/groups.ts'
import { javaFixtures } from './golden.ts'

/** Writes the fixtures of the named groups, or of all. */
export function makeGoldenFixtures(names: readonly string[]): void {
  for (const name of names) {
    if (groups.every((group) => group.name !== name)) {
      throw new Error(`there is no group '${name}', only ${groups.map((group) => group.name).join(', ')}`)
    }
  }
  for (const group of groups) {
    if (names.length > 0 && !names.includes(group.name)) continue
    const path = fixturePath(group)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, fixtureText(javaFixtures(group)))
  }
}
