#!/usr/bin/perl
# A customer that we did not write: Debian's Net::SMPP (package libnet-smpp-perl) binds, submits,
# takes what is delivered, unbinds, and says what it saw as one line of JSON:
#   {"bind":{"status":0,"systemId":"signalbox"},
#    "submits":[{"status":0,"messageId":"01985..."}],
#    "delivered":[{"command":"deliver_sm","from":"...","to":"...","text":"...","esmClass":4}],"unbound":true}
# Exit code 0 when the line was printed, whatever it says; 1 when nobody answered; 2 for wrong usage.
use strict;
use warnings;
use Getopt::Long;
use IO::Select;
use JSON::PP;
use Net::SMPP;
use Socket qw(SOL_SOCKET SO_RCVTIMEO);
use Time::HiRes qw(time);

use constant { SUBMIT_SM_RESP => 0x80000004, DELIVER_SM => 0x5, DATA_SM => 0x103, ENQUIRE_LINK => 0x15, UNBIND_RESP => 0x80000006 };

my %o = (
    host => '127.0.0.1', port => 2775, 'system-id' => 'Test1', password => 'Pwd1',
    from => '12345', text => 'Hello', bind => 'transceiver', count => 1,
    'registered-delivery' => 0, 'wait-delivered' => 0, timeout => 10,
    'data-coding' => 0, 'esm-class' => 0,
);
GetOptions(\%o, 'host=s', 'port=i', 'system-id=s', 'password=s', 'from=s', 'to=s', 'text=s',
    'bind=s', 'count=i', 'registered-delivery=i', 'wait-delivered=i', 'timeout=f',
    'hex=s', 'data-coding=i', 'esm-class=i')
    && @ARGV == 0 && $o{bind} =~ /^(transceiver|transmitter|receiver)$/
    or die_usage();

my $give_up = time + $o{timeout};
my $connect = "new_$o{bind}";
my ($smpp, $bound) = Net::SMPP->$connect(
    $o{host}, port => $o{port}, timeout => $o{timeout},
    system_id => $o{'system-id'}, password => $o{password}, system_type => '',
);
unless (defined $smpp) {
    print STDERR "nobody listens at $o{host}:$o{port}\n";
    exit 1;
}
# A peer that stops in the middle of a PDU must not hold us for ever.
setsockopt($smpp, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', int($o{timeout}) || 1, 0));

my %seen = (bind => undef, submits => [], delivered => [], unbound => JSON::PP::false);
if (defined $bound) {
    $seen{bind} = { status => $bound->status, systemId => defined $bound->{system_id} ? $bound->{system_id} : '' };
    converse() if $bound->status == 0;
}
print JSON::PP->new->ascii->canonical->encode(\%seen), "\n";

sub converse {
    my $waiting = 0;
    if (defined $o{to}) {
        my $ton = $o{to} =~ s/^\+// ? 1 : 0;
        # --hex: the octets of one message, or of several with commas between.
        for my $text (defined $o{hex} ? map { pack('H*', $_) } split(/,/, $o{hex}) : ($o{text}) x $o{count}) {
            $smpp->submit_sm(
                async => 1, source_addr => $o{from}, destination_addr => $o{to},
                dest_addr_ton => $ton, dest_addr_npi => 1,
                registered_delivery => $o{'registered-delivery'}, short_message => $text,
                data_coding => $o{'data-coding'}, esm_class => $o{'esm-class'},
            );
            $waiting++;
        }
    }
    while ($waiting > 0 || @{ $seen{delivered} } < $o{'wait-delivered'}) {
        my $pdu = next_pdu() or return;
        $waiting-- if $pdu->cmd == SUBMIT_SM_RESP;
    }
    $smpp->unbind(async => 1);
    while (my $pdu = next_pdu()) {
        next unless $pdu->cmd == UNBIND_RESP;
        $seen{unbound} = JSON::PP::true;
        return;
    }
}

# The next PDU, noted and answered as a customer has to; nothing when the time is up or he is cut off.
sub next_pdu {
    my $left = $give_up - time;
    return if $left <= 0 || !IO::Select->new($smpp)->can_read($left);
    local $SIG{__WARN__} = sub { };    # Net::SMPP warns of a closed connection; undef says it too.
    my $pdu = $smpp->read_pdu or return;
    if ($pdu->cmd == SUBMIT_SM_RESP) {
        push @{ $seen{submits} }, { status => $pdu->status, messageId => defined $pdu->message_id ? $pdu->message_id : '' };
    }
    elsif ($pdu->cmd == DELIVER_SM) {
        push @{ $seen{delivered} }, {
            command => 'deliver_sm', from => $pdu->{source_addr}, to => $pdu->{destination_addr},
            text => $pdu->{short_message}, esmClass => $pdu->{esm_class},
            hex => unpack('H*', $pdu->{short_message}), dataCoding => $pdu->{data_coding},
        };
        $smpp->deliver_sm_resp(seq => $pdu->seq, message_id => '');
    }
    elsif ($pdu->cmd == DATA_SM) {
        push @{ $seen{delivered} }, {
            command => 'data_sm', from => $pdu->{source_addr}, to => $pdu->{destination_addr},
            text => $pdu->{message_payload}, esmClass => $pdu->{esm_class},
        };
        $smpp->data_sm_resp(seq => $pdu->seq, message_id => '');
    }
    elsif ($pdu->cmd == ENQUIRE_LINK) {
        $smpp->enquire_link_resp(seq => $pdu->seq);
    }
    return $pdu;
}

sub die_usage {
    print STDERR "usage: customer.pl --to NUMBER [--text T] [--from NUMBER] [--host H] [--port P] [--system-id S]",
        " [--password P] [--bind transceiver|transmitter|receiver] [--count N]",
        " [--registered-delivery 0|1] [--wait-delivered N] [--timeout SECONDS]\n";
    exit 2;
}
