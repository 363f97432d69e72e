import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { matchesName } from '../../domain/base/glob.ts'
import { divideLock, indexKey, type Ownership } from '../../protocol/lockfiles/divide-lock.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { plainUrl } from '../../protocol/lockfiles/plain-url.ts'

/** What commands take that judge locks. */
export interface LockOptions {
  readonly sameIndex?: readonly string[]
  readonly allowUnjudged?: boolean
}

export function withLockOptions(command: Command): Command {
  return withSameIndex(command).option(
    '--allow-unjudged',
    'accept what locks name and nobody here can judge: it is told, and fails nothing',
  )
}

export function withSameIndex(command: Command): Command {
  return command.option(
    '--same-index <url>',
    'an index that locks name and that is this one under another address, such as a gate or a mirror of it; may be given several times',
    (url: string, before: readonly string[] | undefined) => [...(before ?? []), url],
  )
}

/** For the help of such commands. */
export const UNJUDGED = `What is not judged is named, each with why: direct URLs, repositories, paths,
editable packages, lines that add an index or a place of files, and packages of
another index, which are not asked of this one (their names may be private).
Names under index.internal, and the project itself, are told and fail nothing.
PyPI, upstream.index, public_url, listen and --same-index are this index, and
a lock's only index where its files have the paths of PyPI or it is a gate
here, as far as a sha256 holds what comes from there. A file that a client
takes from where the lock says is judged where its sha256 is its only hash, or
where it has the judged name at a place of this index; else it is judged and
told besides. A lock that names nothing is told too.`

/** Each lock without what is not to be asked of the configured index, which stays in it as what is not judged. */
export function ownLocks(
  locks: readonly Lock[],
  config: Config,
  { sameIndex }: Pick<LockOptions, 'sameIndex'>,
): readonly Lock[] {
  const ownership = ownershipOf(config, sameIndex ?? [])
  return locks.map(lock => divideLock(lock, ownership))
}

export function ownershipOf(config: Config, sameIndex: readonly string[]): Ownership {
  const { internal } = config.index
  const indexes = [...PYPI, ...addressesOf(config), ...sameIndex.flatMap(pagesOf)]
  const places = [...PYPI_FILES, ...config.upstream.files, ...indexes]
  return {
    indexes: new Set(indexes.map(indexKey)),
    origins: new Set(places.flatMap(place => plainUrl(place)?.origin ?? [])),
    isInternal: name => internal.some(glob => matchesName(glob, name)),
  }
}

/** Under these, tools of the last ten years wrote down where they were pointed by default. */
const PYPI = ['https://pypi.org/simple', 'https://pypi.python.org/simple', 'https://pypi.python.org/pypi']

const PYPI_FILES = ['https://files.pythonhosted.org']

function addressesOf({ upstream, publicUrl, listen: { host, port } }: Config): readonly string[] {
  const hosts = LOCAL.includes(host) ? LOCAL_NAMES : [host]
  const listening = hosts.map(name => `http://${name.includes(':') ? `[${name}]` : name}:${port}`)
  return [upstream.index, ...(publicUrl === undefined ? [] : [publicUrl]), ...listening].flatMap(pagesOf)
}

const LOCAL_NAMES = ['127.0.0.1', 'localhost', '::1']
const LOCAL: readonly string[] = [...LOCAL_NAMES, '0.0.0.0', '::']

/** An index is named by the folder of its pages, or by what stands before it. */
function pagesOf(address: string): readonly string[] {
  const base = address.replace(/\/$/, '')
  return [base, `${base}/simple`]
}
