import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { manPage } from '../src/cli/manual/man-page.ts'
import { outlineOf } from '../src/cli/manual/outline.ts'
import { createProgram, type ProgramServices } from '../src/cli/program.ts'
import { configJsonSchema } from '../src/config/json-schema.ts'
import { configurationTable } from '../src/config/table.ts'
import { codeTables } from '../src/protocol/answers/code-tables.ts'
import { markdownTable } from '../src/protocol/answers/markdown-table.ts'
import { policyJsonSchema } from '../src/protocol/clauses/schema.ts'
import { readVersion } from '../src/version.ts'
import { ROOMS } from '../test/tripwire/rooms.ts'
import { apiText, commandsText, metricsText, policyText } from './reference.ts'

/** A file of the project of which all or a part comes from the code. */
export interface GeneratedFile {
  /** below the project's folder */
  readonly path: string
  readonly found: string
  readonly fresh: string
}

const ROOT = new URL('../', import.meta.url)
/** A Dockerfile reads no package.json. */
const VERSION_LABEL = /(org\.opencontainers\.image\.version=)"[^"]*"/

/** `node scripts/generate.ts` writes them; a test fails while one of them is not what the code says. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  const dockerfile = read('Dockerfile')
  return [
    withBlock('docs/reference/commands.md', 'commands', await commandsText()),
    withBlock('docs/reference/configuration.md', 'configuration', configurationTable()),
    withBlock('docs/reference/codes.md', 'codes', codeTables()),
    withBlock('docs/reference/metrics.md', 'metrics', metricsText()),
    withBlock('docs/reference/api.md', 'api', apiText()),
    withBlock('docs/reference/policy.md', 'policy', policyText()),
    withBlock('ARCHITECTURE.md', 'rooms', roomsTable()),
    { path: 'Dockerfile', found: dockerfile, fresh: dockerfile.replace(VERSION_LABEL, `$1"${readVersion()}"`) },
    schemaFile('policies/policy.schema.json', policyJsonSchema()),
    schemaFile('portcullis.schema.json', configJsonSchema()),
    { path: 'man/portcullis.1', found: read('man/portcullis.1'), fresh: await manual() },
  ]
}

/** Of the commands as they are; none of them runs. */
async function manual(): Promise<string> {
  const output = { out() {}, err() {}, colour: { out: false, err: false }, columns: undefined, progress: false }
  const program = await createProgram({ output, version: readVersion() } as unknown as ProgramServices, () => {})
  return manPage(outlineOf(program), readVersion())
}

/** Every room of every floor, and the rooms beside it that it may enter. */
function roomsTable(): string {
  const rows = Object.entries(ROOMS).flatMap(([floor, rooms]) =>
    Object.entries(rooms).map(([room, { is, enters }]) => [`\`${floor}/${room}/\``, is, enters]),
  )
  return markdownTable(['room', 'is for', 'enters'], rows)
}

function schemaFile(path: string, schema: object): GeneratedFile {
  return { path, found: read(path), fresh: `${JSON.stringify(schema, null, 2)}\n` }
}

function withBlock(path: string, name: string, block: string): GeneratedFile {
  const found = read(path)
  return { path, found, fresh: replaceBlock(found, name, block) }
}

/** What stands between `<!-- name:begin -->` and `<!-- name:end -->` belongs to the code. */
function replaceBlock(text: string, name: string, block: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->\n`, `<!-- ${name}:end -->`]
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no block ${name}`)
  return `${text.slice(0, from + begin.length)}${block}\n${text.slice(to)}`
}

function read(path: string): string {
  try {
    return readFileSync(new URL(path, ROOT), 'utf8')
  } catch {
    return '' // not generated yet
  }
}

if (import.meta.main) {
  for (const { path, found, fresh } of await generatedFiles()) {
    if (found === fresh) continue
    writeFileSync(new URL(path, ROOT), fresh)
    process.stdout.write(`wrote ${fileURLToPath(new URL(path, ROOT))}\n`)
  }
}
