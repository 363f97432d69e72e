import { importsOf } from './floors.ts'

/** A test file, and what it says to guard. */
export interface Guard {
  readonly path: string
  /** sources that it imports, for more than their types */
  readonly imported: readonly string[]
  /** sources that lines `// guards: src/…` at its top name */
  readonly named: readonly string[]
}

const LINE = /^\/\/ guards: (.*)$/

export function guardOf(path: string, text: string): Guard {
  const imported = importsOf(text)
    .filter(({ specifier, typesOnly }) => specifier.startsWith('.') && !typesOnly)
    .map(({ specifier }) => new URL(specifier, `file:///${path}`).pathname.slice(1))
    .filter(target => target.startsWith('src/'))
  return { path, imported, named: namedBy(text) }
}

/** The lines stand before everything else, so that whoever opens the file reads them first. */
function namedBy(text: string): readonly string[] {
  const lines = text.split('\n')
  const end = lines.findIndex(line => !line.startsWith('//'))
  return lines.slice(0, end).flatMap(line => LINE.exec(line)?.[1]?.split(/,? +/) ?? [])
}

/** A test stands where what it guards stands, or on the way there; what stands in no room is guarded from anywhere. */
function standsBy(test: string, source: string): boolean {
  const room = folderOf(source).replace(/^src/, 'test')
  const place = folderOf(test)
  return room === 'test' || room === place || room.startsWith(`${place}/`)
}

/** `test/verify/evidence/slsa.test.ts` is about `src/verify/evidence/slsa.ts`, where there is one. */
function namesakeOf(test: string): string {
  return test.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '.ts')
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

/** Sources (path to text) that no test guards. What is made of types alone is guarded by the compiler. */
export function unguarded(sources: ReadonlyMap<string, string>, guards: readonly Guard[]): readonly string[] {
  const guarded = new Set(
    guards.flatMap(({ path, imported, named }) => [
      namesakeOf(path),
      ...[...imported, ...named].filter(source => standsBy(path, source)),
    ]),
  )
  return [...sources].filter(([path, text]) => !guarded.has(path) && runs(text)).map(([path]) => path)
}

/** Whether anything is left of a source when its types are gone; statements begin where lines do. */
function runs(text: string): boolean {
  return text
    .split('\n')
    .some(line => /^[a-z]/.test(line) && !/^(?:import|(?:export )?(?:type|interface))\b/.test(line))
}

/** Lines that guard nothing, each as one sentence. */
export function vainIn(sources: ReadonlyMap<string, string>, guards: readonly Guard[]): readonly string[] {
  return guards.flatMap(({ path, imported, named }) =>
    named.flatMap(source => {
      if (!sources.has(source)) return [`${path} guards ${source}, which is not there`]
      if (!standsBy(path, source)) return [`${path} guards ${source} from another room`]
      const said = imported.includes(source) || namesakeOf(path) === source
      return said ? [`${path} need not say that it guards ${source}: it imports it, or is called like it`] : []
    }),
  )
}
