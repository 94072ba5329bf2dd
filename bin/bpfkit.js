#!/usr/bin/env node
"use strict";
require("../dist/src/cli/start").start(require("../package.json").version);
