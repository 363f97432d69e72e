import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OutputChunk } from 'rolldown'
import { build, LICENCES, SBOM } from './build.ts'
import { licenceOf, packagesOf } from './packaging/bundled-packages.ts'
import { wheelOf } from './packaging/wheel.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** There, the shorter name is somebody else's project. */
const ON_PYPI = 'portcullis-gate'

/** What runs. */
const PROGRAM = ['bin/portcullis', 'bin/node-version.cjs', 'bin/compile-cache.cjs', 'policies/starter.yaml']
/** What belongs to it where there is a place for it. */
const BESIDE = ['LICENSE', 'README.md', 'man/portcullis.1', 'portcullis.schema.json', 'policies/policy.schema.json']

/**
 * Writes what is published into an empty folder `out`: the tarball for npm, the wheel, an SBOM beside each, and SHA256SUMS over all. The
 * same input makes the same bytes.
 */
export async function packAll(out: string): Promise<readonly string[]> {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const stage = mkdtempSync(join(tmpdir(), 'portcullis-pack-'))
  try {
    const chunks = await stageProgram(stage)
    const licence = [MANIFEST.license, ...packagesOf(chunks).map(licenceOf)]
    for (const path of BESIDE) cpSync(join(ROOT, path), join(stage, path))
    const sbom = readFileSync(join(stage, 'dist', SBOM), 'utf8')
    const tarball = packTarball(stage, out)
    const wheel = wheelOf({
      name: ON_PYPI,
      command: MANIFEST.name,
      version: MANIFEST.version,
      summary: MANIFEST.description,
      licence: [...new Set(licence)].join(' AND '),
      licences: filesIn(stage, ['LICENSE', `dist/${LICENCES}`]),
      description: readFileSync(join(stage, 'README.md'), 'utf8'),
      sbom,
      gate: filesIn(stage, [...PROGRAM, 'package.json', ...below(stage, 'dist')]),
    })
    writeFileSync(join(out, wheel.filename), wheel.bytes)
    for (const name of [tarball, wheel.filename]) writeFileSync(join(out, `${name}.cdx.json`), sbom)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
  const names = readdirSync(out).sort()
  const sums = names.map(name => `${sha256Of(join(out, name))}  ${name}\n`)
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  return [...names, 'SHA256SUMS']
}

/** All that runs, built into a folder as it is where it is installed: its launcher, what was built, the policy that it begins with. */
export async function stageProgram(stage: string): Promise<readonly OutputChunk[]> {
  const chunks = await build(join(stage, 'dist'))
  for (const path of PROGRAM) cpSync(join(ROOT, path), join(stage, path))
  chmodSync(join(stage, 'bin/portcullis'), 0o755)
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(), undefined, 2)}\n`)
  return chunks
}

/** It depends on nothing, and nothing runs when it is installed: SQLite's binaries are in it. */
function publishedManifest(): object {
  const { name, version, description, license, type, engines, bin, man } = MANIFEST
  return { name, version, description, license, type, engines, bin, man }
}

function packTarball(stage: string, out: string): string {
  const words = ['pack', '--ignore-scripts', '--silent', '--pack-destination', out]
  return execFileSync('npm', words, { cwd: stage, encoding: 'utf8' }).trim()
}

function below(stage: string, folder: string): readonly string[] {
  const entries = readdirSync(join(stage, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(stage.length + 1))
    .sort()
}

function filesIn(stage: string, paths: readonly string[]): ReadonlyMap<string, Buffer> {
  return new Map(paths.map(path => [path, readFileSync(join(stage, path))]))
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

if (import.meta.main) {
  const out = join(ROOT, 'out')
  for (const name of await packAll(out)) {
    const { length } = readFileSync(join(out, name))
    process.stdout.write(`out/${name}  ${(length / 1024 ** 2).toFixed(1)} MiB\n`)
  }
}
