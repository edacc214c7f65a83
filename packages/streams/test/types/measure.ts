import { compile } from './compile.ts'
import { longTopology } from './long-topology.ts'

// What the types of a long topology cost: node --conditions=source packages/streams/test/types/measure.ts
const empty = "import { topology } from '@millrace/streams'\nexport const app = topology('empty')\n"
const programs = { 'no step': empty, '20 steps': longTopology(20), '200 steps': longTopology(200) }
for (const [name, program] of Object.entries(programs)) {
  const runs = Array.from({ length: 3 }, () => compile(program))
  const seconds = Math.min(...runs.map(({ checkSeconds }) => checkSeconds))
  console.log(`${name}: ${runs[0]!.instantiations} instantiations, ${seconds} s in the checker`)
}
