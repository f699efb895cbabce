# Completion of anteroot(8) for fish. Written by tests/tools/documents from init/table.c: run make documents.

# Whether what was typed so far is this applet, this word of it, and so many arguments behind it.
function __anteroot_at --argument-names applet word n
    set --local typed (commandline --tokenize --cut-at-cursor --current-process)
    set --local rest
    set --local skip 0
    for one in $typed[3..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $one
            case '--root' '--config' '--boot' '--state' '--tries' '--version' '--reason'
                set skip 1
            case '-*'
            case '*'
                set --append rest $one
        end
    end
    test (count $typed) -ge 2; and test "$typed[2]" = "$applet"; or return 1
    if test -n "$word"
        test "$rest[1]" = "$word"; or return 1
        set --erase rest[1]
    else if set --query rest[1]; and contains -- "$applet:$rest[1]" hook:early hook:target slot:arm slot:confirm slot:reject slot:switch slot:orderly clock:show clock:save version:check version:compare
        return 1
    end
    test -z "$n"; or test $skip$n = 0(count $rest)
end

# Whether this option was typed already; the last word may be the one whose value is asked for.
function __anteroot_given --argument-names option
    set --local typed (commandline --tokenize --cut-at-cursor --current-process)
    test "$typed[-1]" != $option; and string match --quiet --regex -- "^$option(=|\$)" $typed
end

function __anteroot_first
    test (count (commandline --tokenize --cut-at-cursor --current-process)) = 1
end

function __anteroot_devices
    for path in /dev/* /dev/mapper/* /dev/disk/by-label/*
        test -b $path; and echo $path
    end
end

complete --command anteroot --no-files
complete --command anteroot --condition __anteroot_first --arguments init --description 'boot the machine, as process 1 of an initramfs'
complete --command anteroot --condition __anteroot_first --arguments hook --description 'the stages of a boot, from another initramfs'
complete --command anteroot --condition __anteroot_first --arguments check --description 'what is wrong with a config.json, line by line'
complete --command anteroot --condition __anteroot_first --arguments plan --description 'what apply would do'
complete --command anteroot --condition __anteroot_first --arguments apply --description 'deliver a configuration into a root that is not being booted'
complete --command anteroot --condition __anteroot_first --arguments status --description 'slots, what runs and why, what was delivered'
complete --command anteroot --condition __anteroot_first --arguments timeline --description 'where the time of this boot went'
complete --command anteroot --condition __anteroot_first --arguments slot --description 'a step of the boot state'
complete --command anteroot --condition __anteroot_first --arguments health --description 'run the health checks, then confirm or reject'
complete --command anteroot --condition __anteroot_first --arguments clock --description 'what is known of the time, saved for a boot without RTC'
complete --command anteroot --condition __anteroot_first --arguments probe --description 'for udev: which part of the running system a device is'
complete --command anteroot --condition __anteroot_first --arguments mkinitramfs --description 'write an initramfs (anteroot-mkinitramfs)'
complete --command anteroot --condition __anteroot_first --arguments help --description 'this text, or what there is to say of one applet'
complete --command anteroot --condition __anteroot_first --arguments version --description 'this build\'s, and versions of host OSes'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = init' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at hook "" 0' --arguments early --description 'set the clock, before anything is written'
complete --command anteroot --condition '__anteroot_at hook "" 0' --arguments target --description 'decide on a root, mount it, deliver the configuration into it'
complete --command anteroot --condition '__anteroot_at hook ""; and not __anteroot_given --root' --long-option root --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'where it is mounted; whoever calls this makes the switch'
complete --command anteroot --condition '__anteroot_at hook ""; and not __anteroot_given --reboot' --long-option reboot --description 'on failure wait and reboot, in the place of returning'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = hook' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at hook "target"; and not __anteroot_given --root' --long-option root --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'where it is mounted; whoever calls this makes the switch'
complete --command anteroot --condition '__anteroot_at hook "target"; and not __anteroot_given --reboot' --long-option reboot --description 'on failure wait and reboot, in the place of returning'
complete --command anteroot --condition '__anteroot_at check "" 0' --force-files
complete --command anteroot --condition '__anteroot_at check ""; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = check' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at plan ""; and not __anteroot_given --root' --long-option root --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'the root that gets the configuration'
complete --command anteroot --condition '__anteroot_at plan ""; and not __anteroot_given --config' --long-option config --require-parameter --force-files --description 'config.json'
complete --command anteroot --condition '__anteroot_at plan ""; and not __anteroot_given --boot' --long-option boot --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'what the boot partition holds: config.json unless --config names another, system-connections/, splash/'
complete --command anteroot --condition '__anteroot_at plan ""; and not __anteroot_given --state' --long-option state --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'where the last known good configuration is kept and looked for'
complete --command anteroot --condition '__anteroot_at plan ""; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = plan' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at apply ""; and not __anteroot_given --root' --long-option root --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'the root that gets the configuration'
complete --command anteroot --condition '__anteroot_at apply ""; and not __anteroot_given --config' --long-option config --require-parameter --force-files --description 'config.json'
complete --command anteroot --condition '__anteroot_at apply ""; and not __anteroot_given --boot' --long-option boot --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'what the boot partition holds: config.json unless --config names another, system-connections/, splash/'
complete --command anteroot --condition '__anteroot_at apply ""; and not __anteroot_given --state' --long-option state --exclusive --arguments '(__fish_complete_directories (commandline --current-token))' --description 'where the last known good configuration is kept and looked for'
complete --command anteroot --condition '__anteroot_at apply ""; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = apply' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at status ""; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = status' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at timeline "" 0' --force-files
complete --command anteroot --condition '__anteroot_at timeline ""; and not __anteroot_given --svg' --long-option svg --description 'a picture'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = timeline' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at slot "" 0' --arguments arm --description 'the slot was written anew: boot it next, at most N times without a verdict'
complete --command anteroot --condition '__anteroot_at slot "" 0' --arguments confirm --description 'the running slot is good'
complete --command anteroot --condition '__anteroot_at slot "" 0' --arguments reject --description 'the slot (the running one, when none is named) is bad'
complete --command anteroot --condition '__anteroot_at slot "" 0' --arguments switch --description 'boot the other slot, which is good, and come back unless confirmed'
complete --command anteroot --condition '__anteroot_at slot "" 0' --arguments orderly --description 'this boot ends in good order: its attempt is given back'
complete --command anteroot --condition '__anteroot_at slot ""; and not __anteroot_given --tries' --long-option tries --exclusive --description 'attempts, 1 to 9; else the integrator\'s number, or 3'
complete --command anteroot --condition '__anteroot_at slot ""; and not __anteroot_given --version' --long-option version --exclusive --description 'of what was written to the slot'
complete --command anteroot --condition '__anteroot_at slot ""; and not __anteroot_given --reason' --long-option reason --exclusive --description 'for the log; `health` is what failed checks say'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = slot' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at slot "arm" 0' --arguments 'A B'
complete --command anteroot --condition '__anteroot_at slot "arm"; and not __anteroot_given --tries' --long-option tries --exclusive --description 'attempts, 1 to 9; else the integrator\'s number, or 3'
complete --command anteroot --condition '__anteroot_at slot "arm"; and not __anteroot_given --version' --long-option version --exclusive --description 'of what was written to the slot'
complete --command anteroot --condition '__anteroot_at slot "reject" 0' --arguments 'A B'
complete --command anteroot --condition '__anteroot_at slot "reject"; and not __anteroot_given --reason' --long-option reason --exclusive --description 'for the log; `health` is what failed checks say'
complete --command anteroot --condition '__anteroot_at health ""; and not __anteroot_given --dry-run' --long-option dry-run --description 'run the checks once, without a verdict'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = health' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at clock "" 0' --arguments show --description 'the sources of time, what they say, and what this boot made of them'
complete --command anteroot --condition '__anteroot_at clock "" 0' --arguments save --description 'keep the time on the state partition'
complete --command anteroot --condition '__anteroot_at clock ""; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = clock' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at clock "show"; and not __anteroot_given --json' --long-option json --description 'for machines'
complete --command anteroot --condition '__anteroot_at probe "" 0' --arguments '(__anteroot_devices)'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = probe' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = mkinitramfs' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at help "" 0' --arguments 'init hook check plan apply status timeline slot health clock probe mkinitramfs help version'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = help' --long-option help --description 'what there is to say of it'
complete --command anteroot --condition '__anteroot_at version "" 0' --arguments check --description 'whether V is a version of a host OS'
complete --command anteroot --condition '__anteroot_at version "" 0' --arguments compare --description 'prints <, = or >'
complete --command anteroot --condition 'not __anteroot_first; and test (commandline --tokenize --cut-at-cursor --current-process)[2] = version' --long-option help --description 'what there is to say of it'
