import { Buffer } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import type { FaultAction } from '../../world/index/upstream-faults.ts'
import type { IndexEntry, IndexPage, KnownFile } from '../truth.ts'
import { askAbout, type Mischief, over, SIMPLE_JSON, type Stage } from './stage.ts'

/** An upstream that says what is not so, of projects that are there to be lied about, and documents that are made to hurt. */

/** A wheel of a project that is lied about. */
function victim({ truth, dice, lies }: Stage, name: string): KnownFile {
  const file = dice.pick(truth.filesOf(dice.pick(truth.liedAbout)).filter(({ kind }) => kind === 'wheel'))
  noteLie(lies, file, name)
  return file
}

function noteLie(lies: Stage['lies'], { project }: KnownFile, name: string): void {
  lies.set(project, new Set([...(lies.get(project) ?? []), name]))
}

let tags = 0

/** The page of a project with something else in it. A tag of its own, so that nobody takes it for the honest one. */
function lyingPage({ truth, upstream }: Stage, project: string, change: (page: IndexPage) => void): void {
  const page = truth.pageOf(project)
  change(page)
  tags += 1
  const serial = `${page.meta['_last-serial']}`
  servePage(upstream, project, JSON.stringify(page), { etag: `"lie-${tags}"`, 'x-pypi-last-serial': serial })
}

function servePage(
  upstream: Stage['upstream'],
  project: string,
  bytes: string | Buffer,
  headers: NonNullable<FaultAction['headers']>,
): void {
  const all = { 'content-type': SIMPLE_JSON, ...headers }
  upstream.fault({ route: 'page', match: `/simple/${project}/`, do: { status: 200, bytes, headers: all } })
}

function entryOf(page: IndexPage, { filename }: KnownFile): IndexEntry {
  const entry = page.files.find(file => file.filename === filename)
  if (entry === undefined) throw new TypeError(`${filename} is not on its page`)
  return entry
}

/** Tells a lie about a wheel, and asks for everything that it is about until it is over. */
function lie(name: string, tell: (stage: Stage, file: KnownFile) => void): Mischief {
  return {
    name,
    side: 'upstream',
    async run(stage, signal) {
      const file = victim(stage, name)
      tell(stage, file)
      const client = stage.stranger()
      while (!signal.aborted) {
        await askAbout(stage, client, file)
        await pause(signal)
      }
    },
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await Promise.race([over(signal), new Promise(resolve => setTimeout(resolve, 150).unref())])
}

function lieOnPage(name: string, change: (page: IndexPage, file: KnownFile, stage: Stage) => void): Mischief {
  return lie(name, (stage, file) => lyingPage(stage, file.project, page => change(page, file, stage)))
}

const OTHER_DIGEST = sha256Of('other bytes')

export const LIES: readonly Mischief[] = [
  lieOnPage('serial-ahead', page => {
    page.meta['_last-serial'] = 999_999_999_999_999
  }),
  lieOnPage('serial-behind', page => {
    page.meta['_last-serial'] -= 1
  }),
  lieOnPage('digest-false', (page, file) => {
    entryOf(page, file).hashes = { sha256: OTHER_DIGEST }
  }),
  lieOnPage('digest-missing', (page, file) => {
    entryOf(page, file).hashes = { md5: 'd41d8cd98f00b204e9800998ecf8427e' }
  }),
  lieOnPage('size-false', (page, file) => {
    entryOf(page, file).size = file.bytes.length + 1
  }),
  lieOnPage('provenance-denied', (page, file) => {
    entryOf(page, file).provenance = null
  }),
  lieOnPage('file-of-another-project', (page, _file, { truth }) => {
    const other = truth.pageOf('bare').files
    page.files.push(...other)
  }),
  // the name and the digest of a refused file under the address of an admitted one, and the other way round
  lieOnPage('addresses-crossed', (page, file, { truth }) => {
    const [refused] = truth.pageOf('impostor').files
    const entry = entryOf(page, file)
    if (refused !== undefined) entry.url = refused.url
  }),
  lieOnPage('refused-bytes-under-a-good-name', (page, file, { truth }) => {
    const entry = entryOf(page, file)
    const [refused] = truth.filesOf('bare')
    if (refused === undefined) return
    entry.hashes = { sha256: refused.sha256 }
    entry.size = refused.bytes.length
    entry.url = truth.pageOf('bare').files[0]?.url ?? entry.url
  }),
  lieOnPage('addresses-elsewhere', page => {
    for (const entry of page.files) entry.url = `http://169.254.169.254/latest/${entry.filename}`
  }),
  lieOnPage('page-empty', page => {
    page.files = []
  }),
  lieOnPage('page-of-another', page => {
    page.name = 'bare'
  }),
  lieOnPage('listed-twice', (page, file) => {
    page.files.push({ ...entryOf(page, file), hashes: { sha256: OTHER_DIGEST } })
  }),
  // a front of two nodes, one of which has not heard of the last change
  lie('nodes-unequal', ({ upstream, truth }, { project }) => {
    const page = truth.pageOf(project)
    page.meta['_last-serial'] -= 1
    page.files.pop()
    const headers = { etag: '"behind"', 'x-pypi-last-serial': `${page.meta['_last-serial']}` }
    for (let turn = 0; turn < 40; turn += 1) {
      const behind = { status: 200, bytes: JSON.stringify(page), headers }
      upstream.fault({ route: 'page', match: `/simple/${project}/`, times: 1, do: turn % 2 === 0 ? behind : {} })
    }
  }),
  lie('json-of-another', ({ upstream, truth }, { project }) => {
    const { path, filename, sha256 } = truth.texts.plain
    const file = { filename, digests: { sha256 }, url: `${upstream.filesOrigin}${path}`, packagetype: 'sdist' }
    const document = {
      info: { name: project, version: '1.0' },
      last_serial: 1,
      releases: { '1.0': [file] },
      urls: [file],
    }
    upstream.fault({
      route: 'legacy',
      match: `/pypi/${project}/`,
      do: { status: 200, bytes: JSON.stringify(document) },
    })
  }),
  lie('provenance-large', ({ upstream }, { project, provenance }) => {
    const bytes = Buffer.concat([Buffer.alloc(20_000_000, ' '), provenance ?? Buffer.alloc(0)])
    upstream.fault({ route: 'provenance', match: `/integrity/${project}/`, do: { bytes } })
  }),
  lie('project-gone', ({ upstream }, { project }) =>
    upstream.fault({
      route: 'page',
      match: `/simple/${project}/`,
      do: { status: 404, bytes: 'gone', headers: { etag: undefined } },
    }),
  ),
  lie('provenance-gone', ({ upstream }, { project }) =>
    upstream.fault({ route: 'provenance', match: `/integrity/${project}/`, do: { status: 404, bytes: '{}' } }),
  ),
  lie('provenance-of-another', ({ upstream, truth }, { project }) => {
    const [impostor] = truth.filesOf('impostor')
    const bytes = impostor?.provenance ?? Buffer.alloc(0)
    upstream.fault({ route: 'provenance', match: `/integrity/${project}/`, do: { bytes } })
  }),
  lie('bytes-bent', ({ upstream, dice }, { filename }) => {
    const at = dice.next()
    const alter = (body: Buffer): Buffer => {
      const bent = Buffer.from(body)
      const place = Math.floor(at * bent.length)
      bent[place] = (bent[place] ?? 0) ^ 1
      return bent
    }
    upstream.fault({ route: 'file', match: filename, do: { alter } })
  }),
  lie('bytes-of-another', ({ upstream, truth }, { filename }) => {
    const [refused] = truth.filesOf('bare')
    upstream.fault({ route: 'file', match: filename, do: { bytes: refused?.bytes ?? 'refused' } })
  }),
  lie('bytes-too-many', ({ upstream }, { filename }) => {
    const alter = (body: Buffer): Buffer => Buffer.concat([body, Buffer.alloc(100_000)])
    upstream.fault({ route: 'file', match: filename, do: { alter } })
  }),
  lie('metadata-lying', (stage, file) => {
    const text = Buffer.concat([file.metadata, Buffer.from('Requires-Dist: evil\n')])
    metadataIs(stage, file, text)
  }),
  lie('metadata-is-a-refused-file', (stage, file) => metadataIs(stage, file, stage.truth.texts.plain.bytes)),
  {
    name: 'metadata-is-a-file-that-poses',
    side: 'upstream',
    async run(stage, signal) {
      const { posing, wheel } = stage.truth.texts
      noteLie(stage.lies, wheel, 'metadata-is-a-file-that-poses')
      metadataIs(stage, wheel, posing.bytes)
      while (!signal.aborted) {
        await askAbout(stage, stage.stranger(), wheel)
        await pause(signal)
      }
    },
  },
  lie('metadata-bent', ({ upstream }, { filename }) =>
    upstream.fault({ route: 'metadata', match: filename, do: { bytes: 'Metadata-Version: 2.1\nName: evil\n' } }),
  ),
  {
    name: 'quarantined',
    side: 'upstream',
    async run(stage, signal) {
      const file = victim(stage, 'quarantined')
      lyingPage(stage, file.project, page => {
        page['project-status'] = { status: 'quarantined' }
      })
      await askAbout(stage, stage.stranger(), file)
      await over(signal)
    },
  },
  document('bomb-of-objects', () => `{"files":[${'{},'.repeat(20_000_000)}{}]}`),
  document('bomb-of-nothing', () => Buffer.alloc(120_000_000)),
  document('depth', () => '['.repeat(1_000_000)),
  document(
    'width',
    () => `{"name":"huge","meta":{"api-version":"1.4"},"files":[${'{"filename":"a"},'.repeat(50_000)}{}]}`,
  ),
  {
    name: 'attestations-in-masses',
    side: 'upstream',
    async run(stage, signal) {
      const file = victim(stage, 'attestations-in-masses')
      const document = JSON.parse(file.provenance?.toString() ?? '{}') as {
        attestation_bundles: { attestations: unknown[] }[]
      }
      const [bundle] = document.attestation_bundles
      if (bundle !== undefined) bundle.attestations = Array.from({ length: 128 }, () => bundle.attestations[0])
      stage.upstream.fault({
        route: 'provenance',
        match: `/integrity/${file.project}/`,
        do: { bytes: JSON.stringify(document) },
      })
      while (!signal.aborted) {
        await askAbout(stage, stage.stranger(), file)
        await pause(signal)
      }
    },
  },
]

/** The index announces this text as the METADATA of a wheel, and the origin has it. */
function metadataIs(stage: Stage, file: KnownFile, bytes: Buffer): void {
  const said = { sha256: sha256Of(bytes) }
  lyingPage(stage, file.project, page => {
    const entry = entryOf(page, file)
    entry['core-metadata'] = said
    entry['data-dist-info-metadata'] = said
  })
  stage.upstream.fault({ route: 'metadata', match: file.filename, do: { status: 200, bytes } })
}

/** A page that is small on the wire and large in memory. */
function document(name: string, make: () => string | Buffer): Mischief {
  let packed: Buffer | undefined
  return {
    name,
    side: 'upstream',
    async run(stage, signal) {
      packed ??= gzipSync(make(), { level: 1 })
      servePage(stage.upstream, 'huge', packed, { 'content-encoding': 'gzip', etag: `"${name}"` })
      const client = stage.stranger()
      while (!signal.aborted) {
        await stage.ask({ client, path: '/simple/huge/', headers: { accept: SIMPLE_JSON } })
        await stage.ask({ client, path: '/pypi/huge/json' })
        await pause(signal)
      }
    },
  }
}
