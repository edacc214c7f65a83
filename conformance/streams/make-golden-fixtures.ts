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
  const chosen = groups.filter((group) => names.length === 0 || names.includes(group.name))
  const fixtures = javaFixtures(chosen)
  for (const group of chosen) {
    const path = fixturePath(group)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, fixtureText(fixtures.get(group.name)!))
  }
}
