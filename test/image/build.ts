import { execFile } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export const checkout = fileURLToPath(new URL('../../', import.meta.url))
export const dockerfile = readFileSync(join(checkout, 'Dockerfile'), 'utf8')

const PREFIX = 'portcullis-image-'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The part of an image's configuration that a runtime acts on. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly ExposedPorts: Readonly<Record<string, unknown>>
  readonly Volumes: Readonly<Record<string, unknown>>
  readonly Labels: Readonly<Record<string, string>>
  readonly StopSignal: string
  readonly Healthcheck: { readonly Test: readonly string[] }
}

/** The image, built, and laid out in a folder. */
export interface Image {
  readonly config: ImageConfig
  /** its files, for reading */
  readonly root: string
  /** folders and files of the test, gone when it is */
  readonly folder: string
}

/**
 * Builds the checkout's own Dockerfile. Only its two bases are replaced, by a Debian that debootstrap makes and the same
 * with this process's Node and the machine's npm. Everything stays in one folder, which goes with the test.
 */
export async function buildImage(t: Test): Promise<Image> {
  const parent = roomyFolder()
  removeLeftovers(parent)
  const folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'tmp'))
  const buildah = withStore(folder)

  const runtime = await buildah('from', 'scratch')
  await debootstrap(await buildah('mount', runtime))
  await buildah('config', '--env', `PATH=${PATH}`, runtime)
  await buildah('commit', '-q', '--format', 'docker', '--rm', runtime, 'localhost/runtime')
  await buildah('commit', '-q', '--format', 'docker', '--rm', await nodeBase(buildah), 'localhost/node')

  const bases = ['--build-arg', 'NODE_IMAGE=localhost/node', '--build-arg', 'RUNTIME_IMAGE=localhost/runtime']
  await buildah(
    'bud',
    '-q',
    '--format',
    'docker',
    '--pull-never',
    '--network=host',
    ...bases,
    '-t',
    'localhost/portcullis',
    checkout,
  )
  const root = await buildah('mount', await buildah('from', '--pull-never', 'localhost/portcullis'))
  const { Docker } = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/portcullis'))
  return { config: Docker.config, root, folder }
}

/** In memory where three gigabytes are free there: unpacking and committing a Debian is mostly waiting for a disk. */
function roomyFolder(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > 3 * 1024 ** 3 && freemem() > 6 * 1024 ** 3 ? memory : tmpdir()
}

/** What a run left that was killed before it could clean up. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid] = name.startsWith(PREFIX) ? name.slice(PREFIX.length - 1).split('-') : []
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

type Buildah = (...words: readonly string[]) => Promise<string>

/** What buildah keeps stands below `folder`, and nothing elsewhere on the machine. */
function withStore(folder: string): Buildah {
  const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const env = { ...process.env, TMPDIR: join(folder, 'tmp'), BUILDAH_ISOLATION: 'chroot' }
  return async (...words) => (await execute('buildah', [...store, ...words], { env })).trim()
}

/** The Debian that the Dockerfile names. Its mounts live in a namespace of their own and end with it. */
async function debootstrap(root: string): Promise<void> {
  const [, suite] = /^ARG RUNTIME_IMAGE=debian:(\w+)-slim$/m.exec(dockerfile) ?? []
  if (suite === undefined) throw new Error('the Dockerfile names another RUNTIME_IMAGE than debian:…-slim')
  const words = ['debootstrap', '--variant=minbase', suite, root]
  await execute('unshare', ['--mount', '--propagation', 'private', ...words])
}

/** As the official image has it: node and npm in /usr/local; and the certificates that this machine trusts. */
async function nodeBase(buildah: Buildah): Promise<string> {
  const container = await buildah('from', '--pull-never', 'localhost/runtime')
  const root = await buildah('mount', container)
  copyFileSync(process.execPath, join(root, 'usr/local/bin/node'))
  const npm = realpathSync((await execute('/bin/sh', ['-c', 'command -v npm'])).trim())
  cpSync(join(npm, '../..'), join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  const registry = (await execute('npm', ['config', 'get', 'registry'])).trim()
  await buildah('config', '--env', `NPM_CONFIG_REGISTRY=${registry}`, container)
  const certificates = process.env['NODE_EXTRA_CA_CERTS']
  if (certificates === undefined) return container
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true })
  copyFileSync(certificates, join(root, CERTIFICATES))
  await buildah('config', '--env', `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`, container)
  return container
}

async function execute(
  command: string,
  words: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, words, { ...options, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}
