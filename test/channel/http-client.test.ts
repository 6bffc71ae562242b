/** A provider over HTTP as a channel: what it is asked, what its answers mean, what it calls back with. */
import assert from "node:assert/strict";
import { test } from "node:test";
