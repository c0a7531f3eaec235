import { sql } from '../db/sql.ts'

/*
 * The life of a subscription. This folder alone writes the tables `subscription` and `delivery_target`; the linter
 * refuses such a statement elsewhere. Every statement runs in the transaction of its caller; those marked * open one.
 *
 * | change            | statement                  | called by                      | locks on `subscription`    |
 * |-------------------|----------------------------|--------------------------------|----------------------------|
 * | created           | createSubscription *       | api: create                    | the new row; waits for an  |
 * |                   | insertWithTargets          | api: begin of a test sequence; | insert of the same name    |
 * |                   |                            | canary                         |                            |
 * | created by import | copySubscriptions,         | import                         | the same, in the order of  |
 * |                   | insertCopiedTargets        |                                | the source                 |
 * | enabled, disabled | setEnabled                 | api: enable, disable           | the row; waits             |
 * | time to live set  | setTtl                     | api: updateTTL                 | the row; waits             |
 * | changed           | patchSubscription *        | api: patch                     | the row; waits             |
 * | ended: `deleted`  | endByName, endByUuid,      | api: delete                    | by id; waits               |
 * |                   | endBySubject               |                                |                            |
 * |                   | endLocked                  | api: delete or undo of a test  | held by the caller; then   |
 * |                   |                            | sequence                       | `test_sequence`            |
 * |                   | endAbandonedSequences      | api: sequence publisher        | by id; waits; then         |
 * |                   |                            |                                | `test_sequence`            |
 * | ended: `expired`  | endExpiredSkippingLocked   | recovery: reaper               | by id; skips locked rows   |
 * |                   | waitAndFreeExpiredName     | insertWithTargets              | the row; waits             |
 * |                   | waitAndFreeExpiredNames    | import                         | by id; waits               |
 * | ended: `subject`  | endMatchingSubject         | recovery: subject removal      | by id; waits; after        |
 * |                   |                            |                                | `subject_removal`          |
 * | removed           | removeEndedSubscriptions * | recovery: retention            | skips locked rows          |
 * | targets removed   | removeEndedTargets         | recovery: retention            | none; skips locked targets |
 *
 * An expired subscription that no statement has ended yet counts as ended for callers (`ACTIVE`). Events received
 * before its expiry are still matched and delivered. `subject` replaces `expired`: then these are no longer matched. An
 * ended subscription never becomes active again; a target does, when a change brings its address back.
 */

/**
 * Condition for the subscriptions that callers see. An expired one is gone even before the reaper has ended it, and its
 * name is free. Dispatch has a rule of its own, by the time at which an event was received.
 */
export const ACTIVE = sql`ended is null and (expiry is null or expiry > now())`
