/** `npm run rooms [-- FOLDER]`: the floors of the checkout in a folder (this one), their files, and the arrows between their rooms. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { countArrows } from '../test/tripwire/rooms.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const sources = new Map(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map((name): [string, string] => [`src/${name}`, readFileSync(join(root, 'src', name), 'utf8')]),
)
const lines = (path: string): number => sources.get(path)?.split('\n').length ?? 0
for (const [floor, { files, inside, between }] of countArrows(sources)) {
  const own = [...sources.keys()].filter(path => path.startsWith(`src/${floor}`))
  const size = own.reduce((sum, path) => sum + lines(path), 0)
  console.log(`${floor}: ${files} files, ${size} lines, ${inside} arrows inside, ${between.length} between rooms`)
  for (const arrow of between) console.log(`  ${arrow}`)
}
