import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ChunkingContext, type OutputChunk, type Plugin, rolldown } from 'rolldown'
import { asAscii } from './packaging/ascii.ts'
import { licencesText, packagesOf } from './packaging/bundled-packages.ts'
import { sbomOf } from './packaging/sbom.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const SOURCE = join(ROOT, 'src')
/** What starts by itself: the program, and threads, which are found by the URL of their module. */
const ENTRIES = [
  'compose/console/what-if-worker.ts',
  'main.ts',
  'parse/parser-worker.ts',
  'store/ledger/ledger-worker.ts',
  'verify/trust/refresh-worker.ts',
  'verify/workers/worker.ts',
]
export const LICENCES = 'THIRD-PARTY-LICENSES'
export const SBOM = 'sbom.cdx.json'

/**
 * Writes what is installed into an empty folder `out`: modules that V8 reads without stripping types, SQLite's binary for every
 * platform, and the names and licences of all that is in it. `out` lies beside `package.json` and `policies/`, as `dist` does. The same
 * input makes the same bytes.
 */
export async function build(out: string): Promise<readonly OutputChunk[]> {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const bundle = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(ENTRIES.map(path => [basename(path, '.ts'), join(SOURCE, path)])),
    platform: 'node',
    preserveEntrySignatures: false,
    // paths stand in the output as they are below the project's folder
    resolve: { symlinks: false },
    plugins: [movedUrls(), movedBinaries(), withoutOtherClients(), withoutFacades(), inAscii()],
    onLog(level, log) {
      throw new Error(`${level}: ${log.message}`)
    },
  })
  const { output } = await bundle.write({
    dir: out,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    comments: false,
    // a module runs when it is first needed, whichever file it lies in
    strictExecutionOrder: true,
    codeSplitting: { groups: [{ name: together(), debugName: 'together', includeDependenciesRecursively: false }] },
  })
  await bundle.close()
  const chunks = output.filter(each => each.type === 'chunk')
  const binaries = join(ROOT, 'node_modules/better-sqlite3/prebuilds')
  for (const name of readdirSync(binaries)) cpSync(join(binaries, name), join(out, 'prebuilds', name))
  const packages = packagesOf(chunks)
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(join(out, LICENCES), licencesText(packages))
  writeFileSync(join(out, SBOM), sbomOf(manifest, packages, ROOT))
  return chunks
}

/**
 * What one command needs lies in one file where it can: a file costs Node a millisecond before anything of it runs. The first list
 * whose modules, with all that they import, have a module gets it; the program itself and its threads get theirs before.
 */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  main: ['main.ts'],
  worker: ['verify/workers/worker.ts'],
  parser: ['parse/parser-worker.ts'],
  judge: ['config/load.ts', 'config/secrets.ts', 'compose/commands.ts', 'compose/trust.ts', 'cli/judge/verify.ts'],
  remembered: ['store/open-command-store.ts', 'store/sqlite/read-records.ts'],
  serve: ['cli/operate/serve.ts', 'compose/app.ts', 'observe/log.ts'],
}

function together(): (id: string, context: ChunkingContext) => string | null {
  let names: ReadonlyMap<string, string> | undefined
  return (id, context) => {
    names ??= groupsOf(context)
    return names.get(id) ?? null
  }
}

function groupsOf(context: ChunkingContext): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const take = (path: string, name: string): void => {
    const waiting = [join(SOURCE, path)]
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (names.has(id)) continue
      names.set(id, name)
      waiting.push(...(context.getModuleInfo(id)?.importedIds ?? []))
    }
  }
  for (const [name, paths] of Object.entries(TOGETHER)) for (const path of paths) take(path, name)
  return names
}

/** All modules come to lie in one folder beside package.json; what they find beside themselves is found from there. */
function movedUrls(): Plugin {
  return {
    name: 'moved-urls',
    transform: {
      filter: { id: /\/src\/.*\.ts$/, code: 'import.meta.url' },
      handler(code, id) {
        return code.replaceAll(/new URL\('([^']+)', import\.meta\.url\)/g, (_, path: string) => {
          const target = resolve(dirname(id), path)
          const inSource = relative(SOURCE, target)
          if (!inSource.startsWith('..') && !ENTRIES.includes(inSource))
            throw new Error(`${id} finds ${inSource} by its URL, which is no entry of the build`)
          const moved = inSource.startsWith('..') ? `../${relative(ROOT, target)}` : `./${basename(target, '.ts')}.js`
          return `new URL('${moved}', import.meta.url)`
        })
      },
    },
  }
}

/** Modules with all that they need in them: 3 MB less to hold for a gate that runs. */
function inAscii(): Plugin {
  return {
    name: 'in-ascii',
    // at the end: whatever prints a module after this writes characters
    generateBundle(_, output) {
      for (const each of Object.values(output)) if (each.type === 'chunk') each.code = asAscii(each.name, each.code)
    },
  }
}

const BUILTIN = /^import ([^;]+?) from "(node:[^"]+)";$/gm

/**
 * Node's own modules are taken as `require` takes them. To import one, Node reads everything that it exports: of `node:http` that is WebSocket too, and
 * with it an HTTP client that is never used, a tenth of a gate's start and 4 MB. The statements stand above all else in a file, where nothing has run yet.
 */
function withoutFacades(): Plugin {
  return {
    name: 'without-facades',
    renderChunk: code =>
      code.replaceAll(BUILTIN, (_, clause: string, specifier: string) => {
        const [, whole, names] = /^(?:\* as )?(\w[\w$]*)?(?:, )?(\{[^}]*\})?$/.exec(clause) ?? []
        if (whole === undefined && names === undefined)
          throw new Error(`${specifier} is imported in another way: ${clause}`)
        const found = `globalThis.process.getBuiltinModule(${JSON.stringify(specifier)})`
        const taken = [whole, names?.replaceAll(' as ', ': ')].filter(each => each !== undefined)
        return taken.map(each => `const ${each} = ${found};`).join('\n')
      }),
  }
}

const BINARIES = "path.join(__dirname, '..', 'prebuilds', "
const COMPILED = /\tlet filename = path\.join\(__dirname, '\.\.', 'build', 'Debug'[\s\S]*?\n\t}\n(?=\n)/

/** better-sqlite3 looks for its binary from its own folder, first for one that was compiled there. */
function movedBinaries(): Plugin {
  return {
    name: 'moved-binaries',
    transform: {
      filter: { id: /\/better-sqlite3\/lib\/binding\.js$/ },
      handler(code) {
        const moved = code.replace(COMPILED, '\tlet filename\n').replace(BINARIES, "path.join(__dirname, 'prebuilds', ")
        if (moved.includes("'..'")) throw new Error('better-sqlite3 finds its binary in another way than it did')
        return moved
      },
    },
  }
}

/** Nothing is one of its classes, and none can be made. */
const UNUSED = `
class Unused {
  constructor() {
    throw new TypeError('this client is no part of the build')
  }
}
module.exports = new Proxy({}, { get: () => Unused })
`

/**
 * @fastify/http-proxy gets the gate's own lists in place of its HTTP client, and no WebSocket passes by it: 950 KB that would be
 * loaded with every gate and never run. Whatever of it were used after all, fails.
 */
function withoutOtherClients(): Plugin {
  const stub = '\0unused-client'
  return {
    name: 'without-other-clients',
    resolveId: {
      filter: { id: /^(?:undici|ws)$/ },
      handler: (_, importer = '') => (/\/@fastify\/(?:reply-from|http-proxy)\//.test(importer) ? stub : undefined),
    },
    load: {
      filter: { id: /^\0unused-client$/ },
      handler: () => UNUSED,
    },
  }
}

if (import.meta.main) {
  const out = join(ROOT, 'dist')
  const chunks = await build(out)
  const bytes = chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0)
  process.stdout.write(`wrote ${realpathSync(out)}: ${chunks.length} modules, ${Math.round(bytes / 1024)} KiB\n`)
}
