import type { Instant } from '../../domain/base/instant.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { LockChanges, Moved } from '../../gate/report/compare-locks.ts'
import type { Signer } from '../../gate/report/release-facts.ts'
import { foreign, type Row, type Said, type Section } from './told.ts'
import { age, day, filesNamed, listed, nameOf, row, section, signerName } from './words.ts'

/** What changed in one sentence, what matters most first. */
export function changeLine(changes: LockChanges): string {
  const { added, bumped, removed } = changes
  const moves = `${bumped.length} bumped, ${added.length} new, ${removed.length} removed`
  const found = [
    told(changes.lost, 'lost its attestation', 'lost their attestations'),
    told(changes.changed, 'has another signer', 'have another signer'),
    told(changes.late, 'file came late', 'files came late'),
    told(changes.young, 'file is young', 'files are young'),
    told(changes.newSigners, 'new signer', 'new signers'),
    told(changes.undetermined, 'could not be compared', 'could not be compared'),
  ].filter(text => text !== '')
  return `${moves}${found.length === 0 ? '; nothing of what they are signed by is worse' : `; ${found.join(', ')}`}`
}

function told(items: readonly unknown[], one: string, many: string): string {
  return items.length === 0 ? '' : `${items.length} ${items.length === 1 ? one : many}`
}

export function tellChanges(changes: LockChanges, now: Instant): readonly Section[] {
  return [
    ...section({
      id: 'lost',
      title: 'Attestation lost',
      weight: 'bad',
      intro:
        'They were attested before, or what they offer now fails. Who steals an account or a token can upload, and cannot sign as the project’s own build does. Ask the project before you take these.',
      rows: changes.lost.map(it =>
        row(moveName(it), ...filesNamed(it.files), bareWords(it.files), ...lastWords(it.last)),
      ),
    }),
    ...section({
      id: 'changed',
      title: 'Signed by somebody else than before',
      weight: 'bad',
      intro: 'A project may move or rename its workflow, and say so. Look for the announcement.',
      rows: changes.changed.map(it =>
        row(
          moveName(it),
          ...listed(it.before.map(signerName), 3),
          ' → ',
          ...listed(it.now.map(signerName), 3),
          whatDiffers(it),
        ),
      ),
    }),
    ...section({
      id: 'late',
      title: 'Added to a release long after it came out',
      weight: 'doubt',
      intro: 'A pin of the version alone would let these in.',
      rows: changes.late.map(({ project, version, file, days }) =>
        row(nameOf({ project, version }), foreign(file.filename), ` came ${days} days after the first file`),
      ),
    }),
    ...section({
      id: 'young',
      title: 'Young',
      weight: 'doubt',
      intro: 'What is malicious is mostly found within days.',
      rows: youngRows(changes.young, now),
    }),
    ...section({
      id: 'not-compared',
      title: 'Could not be compared',
      weight: 'doubt',
      intro: 'Nothing here is counted as fine. Run it again where the index did not answer.',
      rows: changes.undetermined.map(({ project, version, about, what, why }) =>
        row(foreign(what, { project, version }), `not known whether ${about.join(', ')}: `, foreign(why)),
      ),
    }),
    ...section({
      id: 'new-signers',
      title: 'New signers',
      weight: 'note',
      intro: 'They sign something in the new lock, and nothing in the old one.',
      rows: changes.newSigners.map(({ signer, projects }) =>
        row(signerName(signer), 'signs ', ...listed(projects.map(name => foreign(name)))),
      ),
    }),
    ...section({
      id: 'gained',
      title: 'Attested now',
      weight: 'good',
      intro: 'They were not attested in the old lock.',
      rows: changes.gained.map(it => row(moveName(it))),
      as: 'names',
    }),
    ...moves(changes),
  ]
}

export function youngRows(files: LockChanges['young'], now: Instant): readonly Row[] {
  const releases = Map.groupBy(files, ({ project, version }) => `${project} ${version}`)
  return [...releases.values()].flatMap(own => {
    const [oldest] = own.toSorted((a, b) => a.born - b.born)
    if (oldest === undefined) return []
    const { project, version, born, file } = oldest
    const old = `${age(born, now)} ${born === file.uploaded ? 'old' : 'ago'} (${day(born)})`
    const told = born === file.uploaded ? `, ${old}` : `, signed ${old}, later than the index says that it came`
    return [row(nameOf({ project, version }), ...filesNamed(own.map(it => it.file)), told)]
  })
}

function moves({ added, bumped, removed }: LockChanges): readonly Section[] {
  const names = { weight: 'note', intro: '', as: 'names' } as const
  return [
    ...section({ ...names, id: 'bumped', title: 'Bumped', rows: bumped.map(it => row(moveName(it))) }),
    ...section({ ...names, id: 'added', title: 'New', rows: added.map(it => row(moveName(it))) }),
    ...section({
      ...names,
      id: 'removed',
      title: 'Removed',
      rows: removed.map(({ project, from }) => row(foreign(`${project} ${from.join(', ')}`))),
    }),
  ]
}

function moveName({ project, from, to }: Moved): Said {
  const others = from.filter(version => version !== to)
  const text = others.length === 0 ? `${project} ${to}` : `${project} ${others.join(', ')} → ${to}`
  return foreign(text, { project, version: to })
}

function bareWords(files: LockChanges['lost'][number]['files']): string {
  const fails = files.some(({ evidence }) => evidence.kind === 'failed')
  const verb = files.length === 1 ? 'has' : 'have'
  return fails ? ` ${verb} evidence that fails` : ` ${verb} no attestation`
}

function lastWords(last: Version | undefined): readonly Said[] {
  return last === undefined ? [] : ['; ', foreign(last), ' was attested']
}

/** What of an identity is another one, where both have one. */
function whatDiffers({ before, now }: { readonly before: readonly Signer[]; readonly now: readonly Signer[] }): string {
  const [old, fresh] = [before[0], now[0]]
  if (old === undefined || fresh === undefined) return ''
  if (old.issuer !== fresh.issuer) return ' (another issuer)'
  if (old.repository !== fresh.repository) return ' (another repository)'
  if (old.workflow !== fresh.workflow) return ' (another workflow of the same repository)'
  return ' (the same names, but another repository id, owner id or builder)'
}
