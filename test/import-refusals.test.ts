import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/test-database.ts'
import { runProgram } from './support/program-runner.ts'
import { runImport } from './support/import-runner.ts'
import { createTapisSource, type TapisSource } from './support/tapis-source.ts'
import { refuseSubscriptions, storedSubscriptions, storedTargets } from './support/stored-state.ts'

const MAIL = { deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }

let db: TestDatabase
let original: TapisSource
beforeEach(async () => {
  ;[db, original] = await Promise.all([createTestDatabase(), createTapisSource()])
})
afterEach(() => Promise.all([db.drop(), original.drop()]))

const names = async () => (await storedSubscriptions(db)).map(({ name }) => name)

describe('what is copied', () => {
  test('subscriptions that no creation would accept are left out, with all reasons; others are copied', async () => {
    await original.add({
      name: 'good',
      delivery_targets: [
        { ...MAIL, domain: 'dropped' },
        { ...MAIL, domain: 'twice' },
      ],
    })
    await original.add({
      name: 'half',
      delivery_targets: [MAIL, { deliveryMethod: 'WEBHOOK', deliveryAddress: 'ftp://x' }],
    })
    await original.add({
      name: '-bad name',
      type_filter: '*.a.b',
      subject_filter: '  ',
      description: 'x'.repeat(2049),
      owner: 'o'.repeat(61),
    })
    await original.add({ name: 'no-array', delivery_targets: { deliveryMethod: 'EMAIL' } })
    await original.add({ name: 'no-targets', delivery_targets: [] })
    await original.add({ name: 'snake', delivery_targets: [{ delivery_method: 'EMAIL', delivery_address: 'a@b' }] })
    await original.add({
      name: 'huge',
      delivery_targets: Array.from({ length: 20_000 }, (_, n) => ({
        ...MAIL,
        deliveryAddress: `somebody-with-a-name-${n}@b`,
      })),
    })
    await original.add({ name: 'for-ever', expiry: 'infinity' })
    await original.add({ name: 'blank', tenant: ' ' })
    await original.add({ name: 'late', created: '12024-01-01 00:00:00' })
    const { code, lines, counts } = await runImport(original.url, db.url)
    expect([code, counts(), await names()]).toEqual([2, { copied: 1, invalid: 9 }, ['good']])
    const reasons = (name: string) =>
      lines
        .find((line) => line.includes(` / ${name} (`))
        ?.split(': invalid: ')[1]
        ?.split('; ')
    expect(reasons('half')).toEqual([
      '/deliveryTargets/1/deliveryAddress is not an absolute http or https URL with a host: ftp://x',
    ])
    expect(reasons('-bad name')).toEqual([
      expect.stringContaining('/name must begin'),
      '/description must not have more than 2048 characters',
      '/owner must not have more than 60 characters',
      expect.stringContaining('/typeFilter must be service'),
      '/subjectFilter must not be blank',
    ])
    expect(reasons('no-array')).toEqual(['/deliveryTargets must be array'])
    expect(reasons('no-targets')).toEqual([expect.stringContaining('/deliveryTargets must not have fewer than 1')])
    expect(reasons('snake')).toContain('/deliveryTargets/0/deliveryAddress is missing')
    expect(reasons('huge')).toEqual([
      '/deliveryTargets must be array',
      'they are missing, or larger than a request can be (1 MiB)',
    ])
    expect(reasons('for-ever')).toEqual([expect.stringContaining('/expiry must match')])
    expect(reasons('blank')).toEqual(['/tenant must not be blank'])
    expect(reasons('late')).toEqual([expect.stringContaining('/created must match')])
    expect(await storedTargets(db)).toMatchObject([{ method: 'EMAIL', address: 'a@b', ordinal: 0 }])
  })

  test('of several with one uuid none is copied, nor is one whose sections differ from its filter', async () => {
    const uuid = randomUUID()
    for (const name of ['one', 'two']) await original.add({ name, uuid })
    await original.add({ name: 'torn' })
    await original.query(sql`update subscriptions set type_filter2 = '*' where name = 'torn'`)
    const { code, lines } = await runImport(original.url, db.url)
    expect([code, await names()]).toEqual([2, []])
    expect(
      lines.filter((line) => line.endsWith(': invalid: /uuid is also that of another subscription of the source')),
    ).toHaveLength(2)
    expect(lines).toContainEqual(expect.stringContaining('type_filter1 to type_filter3'))
  })

  test('one whose content the database rejects keeps no other out of its batch', async () => {
    await original.addMany(20)
    await refuseSubscriptions(db, 'many-7')
    const { code, counts, lines } = await runImport(original.url, db.url)
    expect([code, counts()]).toEqual([2, { copied: 19, invalid: 1 }])
    expect(lines).toContainEqual(
      expect.stringMatching(/dev \/ jdoe \/ many-7 .* invalid: the database rejects it: .*check constraint/),
    )
    expect(await storedTargets(db)).toHaveLength(38)
  })

  test('the list is bounded, and --verbose lists all', async () => {
    for (let n = 0; n < 60; n += 1) await original.add({ name: `n${n}`, type_filter: 'x' })
    const short = await runImport(original.url, db.url)
    expect(short.lines.filter((line) => line.includes(': invalid: '))).toHaveLength(50)
    expect(short.lines).toContain('  and 10 more; --verbose lists all')
    const long = await runImport(original.url, db.url, ['--verbose'])
    expect(long.lines.filter((line) => line.includes(': invalid: '))).toHaveLength(60)
    expect(long.counts()).toEqual({ invalid: 60 })
  })

  test('notifications that the source has not delivered are reported', async () => {
    await original.query(
      sql`insert into notifications (uuid, tenant, subscr_name, event_uuid, event)
        select gen_random_uuid(), 'dev', 's', gen_random_uuid(), '{}' from generate_series(1, 3)`,
    )
    await original.query(
      sql`insert into notifications_recovery (uuid, tenant, subscr_name, event_uuid, event)
        values (${randomUUID()}, 'dev', 's', ${randomUUID()}, '{}')`,
    )
    const { code, lines } = await runImport(original.url, db.url)
    expect(code).toBe(0)
    expect(lines).toContain(
      'The source has notifications that are not delivered yet: 3 in delivery, 1 in recovery. They are not copied.',
    )
  })
})

describe('the source', () => {
  test('is unchanged afterwards, in every table', async () => {
    await original.addMany(300)
    await original.add({ expiry: '2024-01-01 00:00:00' })
    const before = await original.dump()
    await runImport(original.url, db.url)
    expect(await original.dump()).toEqual(before)
  })

  test('cannot be written even by what reading it triggers', async () => {
    await original.add()
    await original.query({
      text: `
      create table reads (at timestamptz);
      create function noted() returns boolean language plpgsql volatile as $$
        begin insert into reads values (now()); return true; end $$;
      alter table subscriptions rename to kept;
      create view subscriptions as select * from kept where noted()`,
    })
    const { code, stderr } = await runImport(original.url, db.url)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'import: The source cannot be read: cannot execute INSERT in a read-only transaction\n',
    })
    expect(await original.query({ text: 'select * from reads' })).toEqual([])
  })

  test('may be in another schema: a given one, or the one of the search path', async () => {
    const other = await createTapisSource({ schema: '"Other"' })
    try {
      await other.add({ name: 'found' })
      const { code, stderr } = await runImport(other.url, db.url)
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr:
          'import: The source cannot be read: the table subscriptions is neither in the schema tapis_ntf nor in the search path; there is one in: Other (--schema)\n',
      })
      expect((await runImport(other.url, db.url, ['--schema', 'Other', '--dry-run'])).counts()).toEqual({ copied: 1 })
      const path = new URL(other.url)
      path.searchParams.set('options', '-c search_path="Other"')
      expect((await runImport(path.href, db.url)).lines[0]).toBe('Import from the schema Other: 1 subscriptions.')
    } finally {
      await other.drop()
    }
  })

  test.each([
    [
      'a schema that is not there',
      ['--schema', 'nowhere'],
      () => original.url,
      /^import: The source cannot be read: the table subscriptions is not in the schema nowhere; there is one in: tapis_ntf \(--schema\)\n$/,
    ],
    [
      'a server that is not there',
      [],
      () => 'postgres://user:secret@127.0.0.1:1/tapisntfdb',
      /^import: The source cannot be read: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
    ],
    [
      'a database that is not there',
      [],
      () => original.url.replace(/[^/]*$/, 'nowhere'),
      /^import: The source cannot be read: database "nowhere" does not exist\n$/,
    ],
    [
      'a wrong password',
      [],
      () => original.url.replace(/:[^:@]*@/, ':wrong@'),
      /^import: The source cannot be read: password authentication failed for user "\w+"\n$/,
    ],
  ])('%s is reported in one line, without the password, and nothing is written', async (_what, args, url, words) => {
    const { code, stderr, lines } = await runImport(url(), db.url, args)
    expect({ code, lines }).toEqual({ code: 1, lines: [''] })
    expect(stderr).toMatch(words)
  })

  test('tables of another kind are rejected, with everything that is missing', async () => {
    await original.query({
      text: 'alter table subscriptions drop column delivery_targets, drop column expiry; drop table notifications_recovery',
    })
    const { code, stderr } = await runImport(original.url, db.url)
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'import: The source cannot be read: the schema tapis_ntf is not one of Tapis Notifications; missing: subscriptions.delivery_targets, subscriptions.expiry, notifications_recovery\n',
    })
  })
})

describe('the command line', () => {
  test('names every violation at once, with the usage', async () => {
    const { code, stdout, stderr } = await runProgram('server/commands/import.ts', [
      '--from',
      'jdbc:postgresql://db/x',
      '--schema',
      '--dry-run=yes',
      '--fast',
      'now',
      '--verbose',
      '--verbose',
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.split('\n\n')[0]?.split('\n')).toEqual([
      'import: --from: must be an address with the scheme postgres, or here; a JDBC address has no user: write postgres://user:password@host:port/database',
      'import: --schema: needs a value',
      'import: --fast: is not an option',
      'import: unexpected argument: now',
      'import: --verbose: given twice',
    ])
    expect(stderr).toContain('npm run import -- --from postgres://')
  })

  test('without arguments it says what is missing; --help is not an error', async () => {
    const bare = await runProgram('server/commands/import.ts')
    expect([bare.code, bare.stderr.split('\n')[0]]).toEqual([1, 'import: --from: is missing'])
    const help = await runProgram('server/commands/import.ts', ['--help'])
    expect([help.code, help.stderr, help.stdout.includes('--dry-run')]).toEqual([0, '', true])
  })

  test('a wrong configuration of the service is named as the service names it', async () => {
    const { code, stderr } = await runImport(original.url, 'mysql://db')
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^import: The configuration has 1 error\(s\):\n {2}- DATABASE_URL: /),
    ])
  })
})
