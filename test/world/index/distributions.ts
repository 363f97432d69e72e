import { createCipheriv, createHash } from 'node:crypto'
import { type Member, tarGz, zip } from './archives.ts'

/** A real distribution, made in memory: equal input makes equal bytes. */
export interface Distribution {
  readonly kind: 'wheel' | 'sdist'
  readonly filename: string
  readonly bytes: Buffer
  /** 64 lower-case hex digits */
  readonly sha256: string
  /** METADATA of a wheel, PKG-INFO of a source distribution */
  readonly metadata: Buffer
}

export interface DistributionRequest {
  readonly name: string
  readonly version: string
  /** Requires-Dist */
  readonly requires?: readonly string[]
  readonly requiresPython?: string
  /** build-system.requires of a source distribution; its backend lies in the tree all the same */
  readonly buildRequires?: readonly string[]
  /** more files, by their path in the archive (below the top folder of a source distribution) */
  readonly files?: Readonly<Record<string, string | Buffer>>
  /** pads with content that does not compress until the archive has at least this many bytes */
  readonly padTo?: number
}

/** A wheel that pip installs: one module, METADATA, WHEEL and a RECORD that is right. `tag` defaults to py3-none-any. */
export function makeWheel(
  request: DistributionRequest & { readonly tag?: string; readonly build?: string },
): Distribution {
  const { tag = 'py3-none-any', build } = request
  const stem = `${escaped(request.name)}-${request.version}`
  const metadata = renderMetadata(request)
  const members = [
    ...contents(request, ''),
    { name: `${stem}.dist-info/METADATA`, bytes: metadata },
    { name: `${stem}.dist-info/WHEEL`, bytes: renderWheel(tag, build) },
  ]
  const record = renderRecord(members, `${stem}.dist-info/RECORD`)
  return finish(
    'wheel',
    `${stem}${build === undefined ? '' : `-${build}`}-${tag}.whl`,
    zip([...members, record]),
    metadata,
  )
}

/** A source distribution with its build backend in the tree, so that pip can build it without a network. */
export function makeSdist(request: DistributionRequest): Distribution {
  const stem = `${escaped(request.name)}-${request.version}`
  const metadata = renderMetadata(request)
  const backend = renderBackend(makeWheel(request))
  const requires = JSON.stringify(request.buildRequires ?? [])
  const project = `[build-system]\nrequires = ${requires}\nbuild-backend = "backend"\nbackend-path = ["_build"]\n`
  const members = [
    { name: `${stem}/PKG-INFO`, bytes: metadata },
    { name: `${stem}/pyproject.toml`, bytes: Buffer.from(project) },
    { name: `${stem}/_build/backend.py`, bytes: backend },
    ...contents(request, `${stem}/`),
  ]
  return finish('sdist', `${stem}.tar.gz`, tarGz(members), metadata)
}

/** The module's name, and the file name's form of the project's name (PEP 427: `-` would end the field). */
export function escaped(name: string): string {
  return name.replace(/[-_.]+/g, '_').toLowerCase()
}

function finish(kind: Distribution['kind'], filename: string, bytes: Buffer, metadata: Buffer): Distribution {
  return { kind, filename, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), metadata }
}

function contents({ name, version, files = {}, padTo }: DistributionRequest, folder: string): readonly Member[] {
  const module = escaped(name)
  return [
    { name: `${folder}${module}.py`, bytes: Buffer.from(`"""${name}, made for a test."""\nVERSION = "${version}"\n`) },
    ...Object.entries(files).map(([path, content]) => ({ name: `${folder}${path}`, bytes: Buffer.from(content) })),
    ...(padTo === undefined
      ? []
      : [{ name: `${folder}${module}_padding.bin`, bytes: noise(padTo, `${name} ${version}`) }]),
  ]
}

/** Reproducible bytes that do not compress: a key stream. */
function noise(length: number, seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

function renderMetadata({ name, version, requires = [], requiresPython }: DistributionRequest): Buffer {
  const lines = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    'Summary: made for a test',
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...requires.map(requirement => `Requires-Dist: ${requirement}`),
  ]
  return Buffer.from(`${lines.join('\n')}\n`)
}

function renderWheel(tag: string, build: string | undefined): Buffer {
  const [python = '', abi = '', platform = ''] = tag.split('-')
  const tags = python
    .split('.')
    .flatMap(p => abi.split('.').flatMap(a => platform.split('.').map(f => `Tag: ${p}-${a}-${f}\n`)))
  const pure = abi === 'none' && platform === 'any'
  return Buffer.from(
    `Wheel-Version: 1.0\nGenerator: portcullis-test\nRoot-Is-Purelib: ${pure}\n${tags.join('')}${
      build === undefined ? '' : `Build: ${build}\n`
    }`,
  )
}

function renderRecord(members: readonly Member[], name: string): Member {
  const rows = members.map(
    member =>
      `${member.name},sha256=${createHash('sha256').update(member.bytes).digest('base64url')},${member.bytes.length}\n`,
  )
  return { name, bytes: Buffer.from(`${rows.join('')}${name},,\n`) }
}

/** A PEP 517 backend that writes the wheel it carries. */
function renderBackend(wheel: Distribution): Buffer {
  return Buffer.from(`import base64, os

NAME = ${JSON.stringify(wheel.filename)}
WHEEL = ${JSON.stringify(wheel.bytes.toString('base64'))}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(wheel_directory, NAME), "wb") as out:
        out.write(base64.b64decode(WHEEL))
    return NAME


def get_requires_for_build_wheel(config_settings=None):
    return []
`)
}
