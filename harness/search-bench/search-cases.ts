import { useInstallationSchema } from '@tidings/server/db/installation-schema.ts'
import { required } from '@tidings/server/runtime/required.ts'
import pg from 'pg'

/** A page to request. */
export interface Case {
  readonly name: string
  readonly path: string
  /** For POST /subscriptions/search. */
  readonly search?: string
  /** Such a page is promised within 50 ms (median). */
  readonly isPromised: boolean
}

/** Values from the filled tables: an owner with very many subscriptions, one with few, and some names and subjects. */
export interface Sample {
  readonly largeOwner: string
  readonly smallOwner: string
  readonly name: string
  readonly names: readonly string[]
  readonly subjects: readonly string[]
}

export async function takeSample(url: string): Promise<Sample> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await useInstallationSchema(client)
  try {
    const owners = (
      await client.query<{ owner: string; count: string }>(
        'select owner, count(*) from subscription group by owner order by count(*) desc, owner',
      )
    ).rows
    const some = (
      await client.query<{ name: string; subject: string }>(
        `select name, subject_filter as subject from subscription
         where subject_filter <> '*' order by md5(name) limit 100`,
      )
    ).rows
    return {
      largeOwner: required(owners[0], 'an owner').owner,
      smallOwner: required(owners.at(Math.floor(owners.length / 2)), 'an owner').owner,
      name: required(some[0], 'a subscription').name,
      names: some.map(({ name }) => name),
      subjects: some.map(({ subject }) => subject),
    }
  } finally {
    await client.end()
  }
}

/** Joins conditions for `search=`. */
const where = (...conditions: readonly string[]) => conditions.map((condition) => `(${condition})`).join('~')

/** Escapes what is special in a value. */
const escaped = (value: string) => value.replaceAll('~', '\\~')

const queryOf = (parameters: Readonly<Record<string, string>>) =>
  new URLSearchParams({ anyOwner: 'true', select: 'allAttributes', ...parameters }).toString()

export function casesOf({ largeOwner, smallOwner, name, names, subjects }: Sample): readonly Case[] {
  const list = (title: string, parameters: Readonly<Record<string, string>>, isPromised = true): Case => ({
    name: title,
    path: `/subscriptions?${queryOf(parameters)}`,
    isPromised,
  })
  const sqlLike = (title: string, search: string): Case => ({
    name: title,
    path: '/subscriptions/search?anyOwner=true&select=allAttributes',
    search,
    isPromised: true,
  })
  const own = (owner: string) => ({ anyOwner: 'false', ownedBy: owner })
  const subject = required(subjects[0], 'a subject')

  return [
    list('no condition', {}),
    list('own, owner with few', own(smallOwner)),
    list('own, owner with very many', own(largeOwner)),
    list('owner eq', { search: where(`owner.eq.${largeOwner}`) }),
    list('name eq', { search: where(`name.eq.${escaped(name)}`) }),
    list('name like, prefix of one owner', { search: where(`name.like.${escaped(`jobs~${smallOwner}~`)}*`) }),
    list('name like, prefix of some owners', { search: where(`name.like.${escaped(name.slice(0, 11))}*`) }),
    list('name like, prefix of all', { search: where(`name.like.${escaped('jobs~')}*`) }),
    list('name in 100', { search: where(`name.in.${names.map(escaped).join(',')}`) }),
    list('typeFilter eq, most', { search: where('typeFilter.eq.jobs.*.*') }),
    list('typeFilter eq, 1 of 10,000', { search: where('typeFilter.eq.systems.system.create') }),
    list('typeFilter like, 8 of 100', { search: where('typeFilter.like.jobs.JOB_N*') }),
    list('typeFilter like, 1 of 100, all new', { search: where('typeFilter.like.apps.*') }),
    list('typeFilter like, none', { search: where('typeFilter.like.zzz.*') }),
    list('typeFilter in', { search: where('typeFilter.in.apps.APP_1.*,apps.APP_2.*,systems.system.create') }),
    list('subjectFilter eq, as Jobs asks', {
      search: where(`subject_filter.eq.${subject}`),
      limit: '100',
      skip: '0',
      computeTotal: 'false',
    }),
    list('subjectFilter eq *', { search: where('subjectFilter.eq.*') }),
    list('subjectFilter in 100', { search: where(`subjectFilter.in.${subjects.join(',')}`) }),
    list('owner with few, enabled, typeFilter', {
      search: where(`owner.eq.${smallOwner}`, 'enabled.eq.true', 'typeFilter.eq.jobs.*.*'),
    }),
    list('owner with very many, typeFilter like', {
      search: where(`owner.eq.${largeOwner}`, 'typeFilter.like.apps.*'),
    }),
    sqlLike('a or b, both rare', `name = '${name}' OR subjectFilter = '${subject}'`),
    sqlLike('a or b, one frequent', `owner = '${largeOwner}' OR typeFilter = 'systems.system.create'`),
    sqlLike('a or b, both new', "typeFilter = 'apps.APP_1.*' OR typeFilter LIKE 'apps.APP_2%'"),
    list('orderBy name', { orderBy: 'name' }),
    list('orderBy name, own, few', { ...own(smallOwner), orderBy: 'name' }),
    list('orderBy name, own, very many', { ...own(largeOwner), orderBy: 'name' }),
    list('orderBy name, one type', { orderBy: 'name', search: where('typeFilter.eq.systems.system.create') }),
    list('orderBy name, typeFilter like, 1 of 100', { orderBy: 'name', search: where('typeFilter.like.apps.*') }),
    list('orderBy subjectFilter, own, very many', { ...own(largeOwner), orderBy: 'subjectFilter' }),
    list('orderBy created(desc)', { orderBy: 'created(desc)' }),
    list('orderBy created(desc), typeFilter like, all new', {
      orderBy: 'created(desc)',
      search: where('typeFilter.like.apps.*'),
    }),
    list('orderBy owner(desc)', { orderBy: 'owner(desc)' }),
    list('startAfter name', { orderBy: 'name', startAfter: name }),
    list('startAfter name(desc), own', { ...own(largeOwner), orderBy: 'name(desc)', startAfter: name }),
    list('skip 10,000', { skip: '10000' }),

    list('skip 900,000', { skip: '900000' }, false),
    list('name like, no prefix, none', { search: where('name.like.*zzz*') }, false),
    list('name like, no prefix, some', { search: where(`name.like.*${subject.slice(9, 13)}*`) }, false),
    list('typeFilter like, no prefix, 1 of 10,000', { search: where('typeFilter.like.*create') }, false),
    list('typeFilter1 eq, 1 of 10,000', { search: where('typeFilter1.eq.systems') }, false),
    list('description like, no prefix, none', { search: where('description.like.*zzz*') }, false),
    list('orderBy owner,name', { orderBy: 'owner,name' }, false),
    list('orderBy typeFilter,name', { orderBy: 'typeFilter(desc),name' }, false),
    list('orderBy updated', { orderBy: 'updated' }, false),
    list('computeTotal of all', { computeTotal: 'true' }, false),
    list('computeTotal, own, very many', { ...own(largeOwner), computeTotal: 'true' }, false),
  ]
}
